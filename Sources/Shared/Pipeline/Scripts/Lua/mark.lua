-- Writes something for which replicas can be waited.
-- KEYS: mark
return redis.call('SET', KEYS[1], '1')
