-- Sets the triggers of orders of a set anew that follow the best price. One that has gone on meanwhile stays as it is, and a member that stands for
-- nothing goes.
-- KEYS: sets, the set
-- ARGV: prefix of all keys, the set's name, then for each member: the key of its price, id, its place `w` as it was read, the new `w`, `n` and `k`
--       ('' if there are none)
-- Answers how many are as before
local head, name, kept = ARGV[1], ARGV[2], 0

local function look(key, id, seen, spot, renewal, trail)
  local order, isUnreadable = find(head .. ORDER .. id, id)
  if isUnreadable then
    kept = kept + 1
  elseif not order or order.entry ~= ARMED or order.renewal ~= name .. ' ' .. key then
    write('ZREM', KEYS[2], key .. ':' .. id)
  elseif spot == '' or order.spot ~= seen then
    kept = kept + 1
  else
    rearm(order, spot, renewal)
    write('HSET', order.key, 'w', spot, 'n', renewal, 'k', trail)
  end
end

for index = 3, #ARGV, 6 do look(unpack(ARGV, index, index + 5)) end
return commit(kept)
