-- Sets the triggers of orders anew that follow the best price. One that has gone on meanwhile stays as it is.
-- KEYS: sets
-- ARGV: prefix of all keys, then for each order: id, its two places as they were read, the new ones, how far it trails behind which price
-- Answers how many were set
local head, set = ARGV[1], 0
for index = 2, #ARGV, 6 do
  local id = ARGV[index]
  local order = find(head .. ORDER .. id, id)
  if order and order.entry == ARMED and order.spot == ARGV[index + 1] and order.renewal == ARGV[index + 2] then
    disarm(order)
    order.spot, order.renewal = ARGV[index + 3], ARGV[index + 4]
    arm(order)
    write('HSET', order.key, 'w', order.spot, 'n', order.renewal, 'k', ARGV[index + 5])
    set = set + 1
  end
end
return commit(set)
