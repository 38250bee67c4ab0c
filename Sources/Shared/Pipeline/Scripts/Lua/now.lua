-- The time that the engine goes by, in ms.
-- KEYS: any of the slot whose time is asked for
return integer(milliseconds())
