-- What stood behind an alert when it fired: its last intervals, where the deviation came from, what was likely next.
ALTER TABLE ringside.alert_change ADD COLUMN IF NOT EXISTS explanation jsonb;
COMMENT ON COLUMN ringside.alert_change.explanation IS 'Of one that fires: {recent: {each_s, values}, parts: [{by, name, share, …}], next: {service_level, estimated_wait_ms}}; null: nothing to say.';
COMMENT ON COLUMN ringside.alert_episode.state IS '''pending'', ''firing'', ''recovering'', ''no_data'' (it fires, and nothing is known any more), ''flapping'', ''target_unreachable'' (the limit was never kept: told once), ''resolved'', or ''ok'' when it ended before it fired.';
