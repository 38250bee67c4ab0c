-- Answers the value that all processes go by: the first one that was proposed. A plain SET is refused at maxmemory, and whoever starts has to agree.
-- KEYS: agreement   ARGV: proposal
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
