-- A page of dead letters, oldest first: at most `max` letters, and no more once they hold `bytes`. Holds at least one letter if there is one.
-- KEYS: dead   ARGV: where to begin ('-', or an id; '(' before the id leaves that letter out), max, bytes
-- Answers {whether there are more (1 or 0), {id, names and values}, ...}
local from, max, bytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local answer, size = { 0 }, 0
while true do
  local page = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 10)
  for _, letter in ipairs(page) do
    local count = #answer - 1
    if count >= max or (count > 0 and size >= bytes) then
      answer[1] = 1
      return answer
    end
    answer[#answer + 1] = letter
    for _, text in ipairs(letter[2]) do size = size + #text end
    from = '(' .. letter[1]
  end
  if #page < 10 then return answer end
end
