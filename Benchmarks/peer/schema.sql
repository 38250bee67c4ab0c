CREATE TABLE orders (
    id bigserial PRIMARY KEY,
    order_id uuid UNIQUE NOT NULL,
    user_id text,
    input_token text NOT NULL,
    output_token text NOT NULL,
    amount numeric NOT NULL,
    slippage numeric NOT NULL,
    status text NOT NULL,
    chosen_dex text,
    execution_price numeric,
    amount_out numeric,
    tx_hash text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX orders_user ON orders (user_id, created_at DESC) WHERE user_id IS NOT NULL;
CREATE INDEX orders_status ON orders (status, created_at DESC);

CREATE TABLE order_history (
    order_id uuid NOT NULL,
    seq integer NOT NULL,
    status text NOT NULL,
    message jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_id, seq)
);
