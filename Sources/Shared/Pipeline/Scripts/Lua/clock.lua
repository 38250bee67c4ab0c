-- The time that the engine goes by: Redis' own, which may be set back, made to go on from the highest time seen. That is kept in a hash a slot,
-- about once a second, by the scripts that call `keepTime`. CLOCK is the key of that hash, {} standing for the tag of the slot.

-- So far the time goes beyond the highest one kept, in ms, while it makes up for a clock that was set back: else one that is set right again would be
-- made up for all the same.
local MAX_UNKEPT = 5000
-- The time is kept when it has gone on by this much, in ms.
local KEEP_AFTER = 500
-- The part of the time that goes by the wait for Redis' clock is let come closer by: 1 in 10.
local CLOSING = 10

-- The end of the year 9999: what is kept beyond that was not kept by a script.
local LAST = 253402300799999

local function integer(number) return string.format('%.0f', number) end

-- Redis' own time in ms.
local function serverTime()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function sane(text)
  local value = tonumber(text) or 0
  return value >= 0 and value <= LAST and value or 0
end

-- What is known of the time: `own` of Redis, the `highest` that was kept, by how much it is to be `ahead` of Redis', and the time that holds, `at`.
local function readClock()
  local key = string.gsub(CLOCK, '{}', string.match(KEYS[1], '{.-}'))
  local kept = redis.call('HMGET', key, 'highest', 'ahead')
  local clock = { key = key, own = serverTime(), highest = sane(kept[1]), ahead = sane(kept[2]) }
  clock.at = clock.own
  if clock.own < clock.highest then
    clock.at = math.max(clock.highest, math.min(clock.own + clock.ahead, clock.highest + MAX_UNKEPT))
  end
  return clock
end

-- The time in ms.
local function milliseconds() return readClock().at end

-- Keeps the time of a clock, where that is due or `isCertain` to be needed: from then on no script sees an earlier one.
local function keepTime(clock, isCertain)
  local gone = clock.at - clock.highest
  -- More than closing up explains: Redis' clock was set back since.
  local isSetBack = clock.highest - (clock.own + clock.ahead) > KEEP_AFTER
  if gone < KEEP_AFTER and not isSetBack and not (isCertain and gone > 0) then return end
  local ahead = math.max(0, clock.at - clock.own - math.floor(gone / CLOSING))
  write('HSET', clock.key, 'highest', integer(clock.at), 'ahead', integer(ahead))
end

-- UTC, ISO 8601, milliseconds. Days to a civil date by Howard Hinnant's algorithm.
local function iso(at)
  local days = math.floor(at / 86400000)
  local rest = at - days * 86400000
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local day = doy - math.floor((153 * mp + 2) / 5) + 1
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  local seconds = math.floor(rest / 1000)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, day,
    math.floor(seconds / 3600), math.floor(seconds / 60) % 60, seconds % 60, rest % 1000)
end
