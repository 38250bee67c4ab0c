-- Brings back what stands further ahead of the time than it can have been put there: by a clock that ran ahead, and that nobody goes by any more.
-- KEYS: retries, leaving   ARGV: prefix of order keys, time to live in ms, page size, retries to pass over because they were looked at and kept
-- Answers {retries looked at, those of them that were kept, orders that leave brought back}

-- Less is a setting that has changed, or a clock that was set back a moment ago.
local SLACK = 60000
local at, ttl, max = milliseconds(), tonumber(ARGV[2]), ARGV[3]

-- The wait in ms that the order was told; 0 where the member stands for it no more, nil where it cannot be read now.
local function told(member)
  local id = string.match(member, '^%a+:([^:]+):%d+$')
  if not id then return 0 end
  local values = redis.pcall('HMGET', ARGV[1] .. id, 'entry', 'seq')
  if values.err then
    note('unreadable', values.err)
    return nil
  end
  if values[1] ~= RETRIES .. ' ' .. member or not values[2] then return 0 end
  local event = redis.call('HGET', ARGV[1] .. id, 'e:' .. values[2]) or ''
  return tonumber(string.match(event, '"delayMs":(%d+)')) or 0
end

local far = redis.call('ZRANGEBYSCORE', KEYS[1], integer(at + SLACK), '+inf', 'WITHSCORES', 'LIMIT', ARGV[4], max)
local kept = 0
for index = 1, #far, 2 do
  local wait = told(far[index])
  if not wait or tonumber(far[index + 1]) <= at + wait + SLACK then
    kept = kept + 1
  else
    write('ZADD', KEYS[1], 'XX', integer(at + wait), far[index])
  end
end
local late = redis.call('ZRANGEBYSCORE', KEYS[2], integer(at + ttl + SLACK), '+inf', 'LIMIT', 0, max)
for _, member in ipairs(late) do write('ZADD', KEYS[2], 'XX', integer(at + ttl), member) end
return commit({ #far / 2, kept, #late })
