-- Copyright 2026 The Unbraid authors
-- SPDX-License-Identifier: MIT
--
-- ardourN-lua ardour_session.lua FOLDER WAV URI LABEL SAMPLE:VALUE[,SAMPLE:VALUE...]
--
-- Make a session, FOLDER/mix.ardour (FOLDER must not exist), with the float WAV on a
-- track and the plugin after it, and automate the control of that name in steps.

local folder, wav, uri, label, steps = table.unpack (arg)
local SUPERCLOCK = 282240000 -- ticks per second in session files

-- Channels, rate and frames of a 32-bit WAV
local function read_header (path)
  local file = assert (io.open (path, "rb"))
  local bytes = file:read ("a")
  file:close ()
  local channels, rate
  local at = 13
  while at < #bytes do
    local id, size = bytes:sub (at, at + 3), string.unpack ("<I4", bytes, at + 4)
    if id == "fmt " then channels, rate = string.unpack ("<I2I4", bytes, at + 10) end
    if id == "data" then return channels, rate, size // (4 * channels) end
    at = at + 8 + size + size % 2
  end
  error (path .. ": no data")
end

local channels, rate, frames = read_header (wav)

-- Importing is not open to scripts, so the saved session is given the file as text
local function put_on_track (session_file)
  local sources, refs = {}, {}
  for c = 0, channels - 1 do
    sources[c + 1] = ('<Source name="%s" type="audio" flags="" id="%d" natural-position="a0" ' ..
      'channel="%d" origin="" gain="1"/>'):format (wav, 9000 + c, c)
    refs[c + 1] = ('source-%d="%d" master-source-%d="%d"'):format (c, 9000 + c, c, 9000 + c)
  end
  local length = frames * (SUPERCLOCK // rate)
  local function region (id, whole)
    return ('<Region name="in" id="%d" type="audio" whole-file="%d" muted="0" opaque="1" ' ..
      'locked="0" automatic="0" external="1" hidden="0" position-locked="0" start="a0" ' ..
      'length="a%d@a0" sync-position="a0" ancestral-start="a0" ancestral-length="a0@a0" ' ..
      'stretch="1" shift="1" layering-index="0" envelope-active="0" default-fade-in="0" ' ..
      'default-fade-out="0" fade-in-active="0" fade-out-active="0" scale-amplitude="1" ' ..
      'first-edit="nothing" channels="%d" %s/>'):format (id, whole, length, channels,
      table.concat (refs, " "))
  end
  local file = assert (io.open (session_file))
  local xml = file:read ("a")
  file:close ()
  local function replace (pattern, text)
    local count
    xml, count = xml:gsub (pattern, text)
    assert (count == 1, "unexpected session file: " .. pattern)
  end
  replace ("<Sources/>", function () return "<Sources>" .. table.concat (sources) .. "</Sources>" end)
  replace ("<Regions/>", function () return "<Regions>" .. region (9100, 1) .. "</Regions>" end)
  replace ('(<Playlist [^>]*name="track[^"]*"[^>]*)/>',
    function (head) return head .. ">" .. region (9101, 0) .. "</Playlist>" end)
  replace ("<Locations/>", ('<Locations><Location id="9050" name="session" start="a0" end="a%d" ' ..
    'flags="IsSessionRange" locked="0" cue="0"/></Locations>'):format (length))
  replace ('id%-counter="%d+"', 'id-counter="9200"')
  file = assert (io.open (session_file, "w"))
  file:write (xml)
  file:close ()
end

-- Insert the plugin on the track
local function insert (route)
  local processor = ARDOUR.LuaAPI.new_plugin_with_time_domain (Session, uri,
    ARDOUR.PluginType.LV2, Temporal.TimeDomain.AudioTime, "")
  assert (not processor:isnil (), "no such plugin: " .. uri)
  assert (route:add_processor_by_index (processor, 0, nil, true) == 0, "cannot insert the plugin")
  return processor
end

-- A control by its name: its number among the control inputs, and among all ports
local function find_parameter (processor, name)
  local plugin = processor:to_plugininsert ():plugin (0)
  local number = -1
  for port = 0, plugin:parameter_count () - 1 do
    if plugin:parameter_is_control (port) and plugin:parameter_is_input (port) then
      number = number + 1
      if plugin:parameter_label (port):lower () == name then return number, port end
    end
  end
  error ("no such control: " .. name)
end

local function automate (processor)
  local number, port = find_parameter (processor, label)
  local list, control = ARDOUR.LuaAPI.plugin_automation (processor, number)
  assert (not list:isnil (), label .. " cannot be automated")
  control:set_interpolation (Evoral.InterpolationStyle.Discrete)
  control:clear_list ()
  for at, value in steps:gmatch ("(%d+):([-%d.]+)") do
    control:add (Temporal.timepos_t (tonumber (at)), tonumber (value), false, true)
  end
  ARDOUR.LuaAPI.set_processor_param (processor, number, tonumber (steps:match (":([-%d.]+)")))
  local parameter = Evoral.Parameter (ARDOUR.AutomationType.PluginAutomation, 0, port)
  processor:to_automatable ():automation_control (parameter, false):set_automation_state (
    ARDOUR.AutoState.Play)
end

AudioEngine:set_backend ("None (Dummy)", "", "")
AudioEngine:set_device_name ("Silence")
AudioEngine:set_buffer_size (256)

assert (create_session (folder, "mix", rate), "cannot make a session in " .. folder)
do
  local tracks = Session:new_audio_track (channels, 2, nil, 1, "track",
    ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
  assert (not tracks:empty (), "cannot make a track")
  -- Another thread connects it to the master, and a session saved before that is silent
  local port = tracks:front ():output ():nth (0)
  for _ = 1, 100 do
    if port:connected () then break end
    sleep (0.1)
  end
  assert (port:connected (), "the track is not connected")
end
Session:save_state ("mix", false, false, false, false, false)
collectgarbage ()
Session:close ()
put_on_track (folder .. "/mix.ardour")

assert (load_session (folder, "mix"), "cannot load the session")
local route = Session:route_by_name ("track")
local processor = insert (route)
automate (processor)
sleep (1) -- until the latency is known
print ("latency", processor:signal_latency (), route:signal_latency ())
Session:save_state ("", false, false, false, false, false)
print ("session made")
route, processor = nil, nil
collectgarbage ()
Session:close ()
quit ()
