-- For wrk: posts orders, of which a thousand in turn differ. Prints what has happened as one line of JSON.

local requests, turn = {}, 0

function init()
  for number = 1, 1000 do
    local body = string.format('{"tokenIn":"SOL","tokenOut":"USDC","amount":%.6f,"slippage":0.05}', 1 + number / 1e6)
    local fields = { ['Content-Type'] = 'application/json', ['Host'] = wrk.headers['Host'], ['Authorization'] = wrk.headers['Authorization'] }
    requests[number] = wrk.format('POST', nil, fields, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.3f,"refused":%d,"lost":%d,"p50":%.3f,"p99":%.3f}\n', summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
