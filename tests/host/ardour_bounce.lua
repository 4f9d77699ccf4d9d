-- Copyright 2026 The Unbraid authors
-- SPDX-License-Identifier: MIT
--
-- ardourN-lua ardour_bounce.lua FOLDER
--
-- Bounce the track of a session that ardour_session.lua made, through its
-- processors, below FOLDER/interchange, *stem%L.wav and %R.

assert (load_session (arg[1], "mix"), "cannot load the session")
local track = Session:route_by_name ("track"):to_track ()
sleep (1) -- until the latency is known
local info = ARDOUR.InterThreadInfo ()
local region = track:bounce_range (0, Session:current_end_sample (), info, track:main_outs (),
  false, "stem", true)
assert (not region:isnil (), "bounce failed")
print ("track bounced", region:length ():samples ())
Session:close ()
quit ()
