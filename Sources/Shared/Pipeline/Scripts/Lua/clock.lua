-- The engine's time. It is Redis' own time, which may be set back, made to go on from the highest time seen. Some scripts (see `keeping`) write
-- that time to a hash of each slot, about once per second. CLOCK_HEAD, the tag of the slot and CLOCK_TAIL are the key of that hash.

-- How far the time may go beyond the highest one kept, in ms, while it makes up for a clock that was set back. Without this limit it would also make
-- up for a clock that was set back and then set right.
local MAX_UNKEPT = 5000
-- The time is kept when it has gone on by this many ms.
local KEEP_AFTER = 500
-- While the engine's time is ahead of Redis' clock, the difference shrinks by 1 ms for each 10 ms.
local CLOSING = 10

-- The end of the year 9999. No script has written a later time.
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

-- How far the time of a clock shall be ahead of Redis' own. Few calls need to know.
local function aheadOf(clock)
  clock.ahead = clock.ahead or sane(redis.call('HGET', clock.key, 'ahead'))
  return clock.ahead
end

-- What is known of the time, in ms: Redis' `own`, the `highest` that was kept, and the time to use, `at`.
local function readClock()
  local key = CLOCK_HEAD .. string.match(KEYS[1], '{.-}') .. CLOCK_TAIL
  local clock = { key = key, highest = sane(redis.call('HGET', key, 'highest')), own = serverTime() }
  clock.at = clock.own
  if clock.own < clock.highest then
    clock.at = math.max(clock.highest, math.min(clock.own + aheadOf(clock), clock.highest + MAX_UNKEPT))
  end
  return clock
end

-- The time in ms.
local function milliseconds() return readClock().at end

-- The command that keeps the time of a clock, if that is due, or if `isCertain` is set and the time has gone on; else nil. Once it has run, no script
-- sees an earlier time.
local function keeping(clock, isCertain)
  local gone = clock.at - clock.highest
  -- The difference is larger than the shrinking explains: Redis' clock was set back since.
  local isSetBack = clock.highest - (clock.own + aheadOf(clock)) > KEEP_AFTER
  if gone < KEEP_AFTER and not isSetBack and not (isCertain and gone > 0) then return nil end
  local ahead = math.max(0, clock.at - clock.own - math.floor(gone / CLOSING))
  return { 'HSET', clock.key, 'highest', integer(clock.at), 'ahead', integer(ahead) }
end
