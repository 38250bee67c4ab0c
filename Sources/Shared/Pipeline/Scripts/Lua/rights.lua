-- Finds the commands that the caller may not run. Runs none of them.
-- ARGV: for each command the number of its words, then the words
-- Answers the positions of the refused commands, from 1.
local refused, at, place = {}, 1, 0
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  place = place + 1
  -- A command that this Redis does not know raises an error.
  local isKnown, isAllowed = pcall(redis.acl_check_cmd, unpack(ARGV, at + 1, at + count))
  if not (isKnown and isAllowed) then refused[#refused + 1] = place end
  at = at + 1 + count
end
return refused
