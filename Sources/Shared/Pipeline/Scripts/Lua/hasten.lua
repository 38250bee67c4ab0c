-- Brings back retries and departures that are further ahead of the time than any script can have put them. A clock that ran ahead, and that is no
-- longer used, put them there.
-- KEYS: retries, leaving
-- ARGV: prefix of order keys, time to live in ms, max entries of a page, how many retries to skip (they were looked at and kept)
-- Answers {retries looked at, how many of them were kept, departures brought back}

-- A smaller difference comes from a setting that has changed, or from a clock that was set back a moment ago.
local SLACK = 60000
local at, ttl, max = milliseconds(), tonumber(ARGV[2]), ARGV[3]

-- The wait in ms that the order's entry names; 0 if the member no longer stands for the order, nil if the order cannot be read now.
local function told(member)
  local id = string.match(member, '^%a+:([^:]+):%d+$')
  if not id then return 0 end
  local order, isUnreadable = find(ARGV[1] .. id, id)
  if isUnreadable then return nil end
  if not order or retryOf(order) ~= member then return 0 end
  return tonumber(string.match(order.entry, '%d+$'))
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
