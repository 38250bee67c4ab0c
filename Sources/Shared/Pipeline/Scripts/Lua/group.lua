-- Makes a consumer group, and its stream, if they are missing. Answers 1 if the group was missing. At maxmemory Redis refuses a plain XGROUP CREATE
-- before it looks.
-- KEYS: stream   ARGV: group
local reply = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if not reply.err then return 1 end
if string.find(reply.err, 'BUSYGROUP', 1, true) then return 0 end
return reply
