wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"tokenIn":"SOL","tokenOut":"USDC","amount":"1.5","slippage":0.01}'
