-- Copyright 2026 The Unbraid authors
-- SPDX-License-Identifier: MIT
--
-- ardourN-lua ardour_blocks.lua FOLDER URI LABEL VALUE SAMPLES...
--
-- In a new session, FOLDER/mix.ardour, with the plugin on a track and the control of that
-- name set, print the track's latency after each change of the buffer size.

local folder, uri, label, value = table.unpack (arg)
AudioEngine:set_backend ("None (Dummy)", "", "")
AudioEngine:set_device_name ("Silence")
AudioEngine:set_buffer_size (tonumber (arg[5]))
assert (create_session (folder, "mix", 48000), "cannot make the session")
Session:new_audio_track (2, 2, nil, 1, "track", ARDOUR.PresentationInfo.max_order,
  ARDOUR.TrackMode.Normal, true)
local route = Session:route_by_name ("track")
local processor = ARDOUR.LuaAPI.new_plugin (Session, uri, ARDOUR.PluginType.LV2, "")
assert (not processor:isnil (), "no such plugin")
assert (route:add_processor_by_index (processor, 0, nil, true) == 0, "cannot insert the plugin")

local plugin = processor:to_plugininsert ():plugin (0)
local control = 0
for port = 0, plugin:parameter_count () - 1 do
  if plugin:parameter_is_control (port) and plugin:parameter_is_input (port) then
    if plugin:parameter_label (port) == label then
      assert (ARDOUR.LuaAPI.set_processor_param (processor, control, tonumber (value)))
    end
    control = control + 1
  end
end

for i = 5, #arg do
  AudioEngine:set_buffer_size (tonumber (arg[i]))
  sleep (4) -- until another latency has come through
  print ("blocks of", arg[i], "latency", route:signal_latency ())
end
print ("blocks changed")
Session:close ()
quit ()
