-- The engine's time, in ms.
-- KEYS: any key of the slot whose time is wanted
return integer(milliseconds())
