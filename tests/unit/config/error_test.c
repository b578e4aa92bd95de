/* Every refusal: where, which key, why. */
#include "config_tests.h"

#include "config/document.h"

#include <sys/stat.h>
#include <unistd.h>

typedef struct row {
    const char *text;
    uint32_t line, column;
    const char *key, *reason, *allowed; /* the last two: a part of the message */
} row_t;

#define HOURS(keys) "hours: {h: {" keys "}}\n"
#define TO(keys) "receivers: {r: {" keys "}}\n"
#define RULE(keys) "alerts:\n  rules:\n    r: {" keys "}\n"

static const row_t rows[] = {
    /* grammar */
    {"time:\n  lateness: 10m\n lost: 1\n", 3, 2, "", "did not find expected", "indented"},
    {"time:\n\tlateness: 10m\n", 2, 1, "", "tab", "spaces"},
    {"windows: [5m, 15m", 1, 18, "", "did not find expected", "YAML"},
    {"windows: [5m, 15m\n", 2, 1, "", "did not find expected", "YAML"},
    {"store: {database: \"host=x\n", 2, 1, "", "unexpected end of stream", "YAML"},
    {"time: {lateness: 10m\n", 2, 1, "", "did not find expected", "YAML"},
    {"time: \x01\n", 1, 7, "", "control character", "printable"},
    {"# \xC3\xA9\xC3\xA9 \xFF\n", 1, 6, "", "not UTF-8", "UTF-8"},
    {"a: 1\n\n  \xE0\x80\x80\n", 3, 3, "", "not UTF-8", "UTF-8"},
    {"time: &t {lateness: 10m}\n", 1, 7, "", "anchors", "itself"},
    {"time: {lateness: &t 10m}\n", 1, 18, "", "anchors", "itself"},
    {"windows: *w\n", 1, 10, "", "aliases", "quotes"},
    {"queues: {vip: {threshold: !!str 10s}}\n", 1, 27, "", "tags", "itself"},
    {"time: !x {idle: 1s}\n", 1, 7, "", "tags", "itself"},
    {"time: {}\n---\ntime: {}\n", 2, 1, "", "second document", "one document"},
    {"? [a, b]\n: 1\n", 1, 3, "", "not plain text", "key"},
    {"{? {a: 1} : 1}\n", 1, 4, "", "not plain text", "key"},
    {"'': 1\n", 1, 1, "", "empty key", "sample"},
    {"[[[[[[[[[[[[[1]]]]]]]]]]]]]\n", 1, 13, "", "nested too deeply", "12 levels"},
    {"time: {idle: 1s}\nrows: {}\ntime: {idle: 2s}\n", 3, 1, "time", "there already, in line 1", "once"},
    {"queues:\n  vip: {threshold: 1s,\n    threshold: 2s}\n", 3, 5, "threshold", "there already, in line 2", "once"},
    {"queues: {vip: {}, 'vip': {}}\n", 1, 19, "vip", "there already", "once"},
    {"- 1\n", 1, 1, "", "not a map", "sections"},
    {"just words\n", 1, 1, "", "not a map", "sections"},
    /* keys */
    {"times:\n  lateness: 10m\n", 1, 1, "times", "no such key", "`time`"},
    {"time:\n  latenes: 10m\n", 2, 3, "time.latenes", "no such key", "`lateness`"},
    {"time:\n  ldie: 10m\n", 2, 3, "time.ldie", "no such key", "`idle`"},
    {"lateness: 10m\n", 1, 1, "lateness", "no such key", "`time.lateness`"},
    {"time.lateness: 5m\n", 1, 1, "\"time.lateness\"", "no such key", "section of its own"},
    {"\"time\\u0000x\": {}\n", 1, 1, "time?x", "no such key", "did you mean `time`"},
    {"queues: {vip: {name: x}}\n", 1, 16, "queues.vip.name", "no such key", "threshold"},
    {"queues: {vip: {'<name>': {}}}\n", 1, 16, "queues.vip.<name>", "no such key", "threshold"},
    {"queues: {vip: {threshold.x: 1s}}\n", 1, 16, "queues.vip.\"threshold.x\"", "no such key", "`threshold`"},
    {"qqqqqq: 1\n", 1, 1, "qqqqqq", "no such key", "service_level"},
    {"\"a\\tb\\u0000c\": 1\n", 1, 1, "a?b?c", "no such key", "one of"},
    {"alerts: {ruls: {}}\n", 1, 10, "alerts.ruls", "no such key", "`rules`"},
    {"queues:\n  vip:\n    treshold: 1s\n", 3, 5, "queues.vip.treshold", "no such key", "`threshold`"},
    {"queues:\n  sales.eu:\n    colour: 1s\n", 3, 5, "queues.\"sales.eu\".colour", "no such key", "threshold, short"},
    {"policies: {p: {flowed: miss}}\n", 1, 16, "policies.p.flowed", "no such key", "`flowed_out`"},
    {"asterisk: {members: {a: [1]}}\n", 1, 25, "asterisk.members.a", "list where one value", "text of 1 to 64"},
    {"asterisk: {member_delay: [1s]}\n", 1, 26, "asterisk.member_delay.<queue>", "not a section", "a name"},
    {"time: 10m\n", 1, 7, "time", "not a section", "clock, zone"},
    {"queues: vip\n", 1, 9, "queues.<name>", "not a section", "a name"},
    {"queues: {vip: 10s}\n", 1, 15, "queues.vip", "not a section", "threshold"},
    {"queues: [{threshold: 10s}]\n", 1, 10, "queues.<name>", "without a name", "name: vip"},
    {"queues: {'': {}}\n", 1, 10, "", "empty key", "sample"},
    {"queues: {\"a\\nb\": {}}\n", 1, 10, "queues.a?b", "not a name", "1 to 64"},
    {"time: {lateness: {a: 1}}\n", 1, 18, "time.lateness", "section where one value", "duration"},
    {"time: {lateness: }\n", 1, 18, "time.lateness", "no value", "duration"},
    {"time:\n  zone: ~\n", 2, 9, "time.zone", "no value", "IANA"},
    /* types and ranges */
    {"time: {lateness: 10}\n", 1, 18, "time.lateness", "`10` has no unit", "from 1s to 1d"},
    {"time: {lateness: soon}\n", 1, 18, "time.lateness", "`soon` is not a duration", "from 1s to 1d"},
    {"time: {lateness: 25h}\n", 1, 18, "time.lateness", "out of range", "from 1s to 1d"},
    {"time: {lateness: -1s}\n", 1, 18, "time.lateness", "not a duration", "from 1s"},
    {"time: {clock: walls}\n", 1, 15, "time.clock", "`walls` is not one of", "wall, events"},
    {"time: {zone: Mars/Olympus}\n", 1, 14, "time.zone", "`Mars/Olympus` is not a time zone", "Europe/London"},
    {"time: {zone: ../../etc/passwd}\n", 1, 14, "time.zone", "not a time zone", "IANA"},
    {"time: {zone: right/UTC}\n", 1, 14, "time.zone", "not a time zone", "IANA"},
    {"limits: {tenants: 0}\n", 1, 19, "limits.tenants", "out of range", "from 1 to 100000"},
    {"limits: {tenants: 1.5}\n", 1, 19, "limits.tenants", "not a whole number", "whole number"},
    {"limits: {tenants: 99999999999999999999999}\n", 1, 19, "limits.tenants", "not a whole number", "whole"},
    {"limits: {message_bytes: 1MB}\n", 1, 25, "limits.message_bytes", "not a size", "4KiB to 16MiB"},
    {"limits: {message_bytes: 32MiB}\n", 1, 25, "limits.message_bytes", "out of range", "4KiB to 16MiB"},
    {"service_level: {target: 80}\n", 1, 25, "service_level.target", "`80` is out of range", "0.8"},
    {"service_level: {target: 1}\n", 1, 25, "service_level.target", "out of range", "below 1"},
    {"service_level: {target: 0}\n", 1, 25, "service_level.target", "out of range", "above 0"},
    {"service_level: {target: 80%}\n", 1, 25, "service_level.target", "not a number", "0.8"},
    {"queues: {vip: {target: high}}\n", 1, 24, "queues.vip.target", "not a number", "0.8"},
    {"queues: {vip: {channel: phone}}\n", 1, 25, "queues.vip.channel", "`phone`", "voice, chat"},
    {"asterisk: {from_start: yes}\n", 1, 24, "asterisk.from_start", "neither true nor false", "true or false"},
    {"asterisk: {queue_log: queue_log}\n", 1, 23, "asterisk.queue_log", "not an absolute path", "absolute"},
    {"asterisk: {source: ''}\n", 1, 20, "asterisk.source", "is empty", "1 to 64"},
    {"asterisk: {source: \"a\\u0000b\"}\n", 1, 20, "asterisk.source", "control character", "without"},
    {"service: {state_directory: ''}\n", 1, 28, "service.state_directory", "is empty", "absolute"},
    {"service: {log_level: loud}\n", 1, 22, "service.log_level", "`loud`", "error, warning, info, debug"},
    {"agents: {anna: {}}\n", 1, 16, "agents.anna.team", "is missing", "1 to 64"},
    {"agents:\n  anna:\n", 2, 8, "agents.anna.team", "is missing", "1 to 64"},
    /* endpoints */
    {"ingest: {events: \"udp://127.0.0.1:1\"}\n", 1, 18, "ingest.events", "neither tcp:// nor ipc://",
     "tcp://ADDRESS:PORT"},
    {"ingest: {plain: \"inproc://x\"}\n", 1, 17, "ingest.plain", "neither tcp:// nor ipc://", "tcp://"},
    {"feed: {publish: \"pgm://e;239.0.0.1:5\"}\n", 1, 17, "feed.publish", "neither tcp:// nor ipc://", "tcp://"},
    {"feed: {publish: \"TCP://127.0.0.1:5\"}\n", 1, 17, "feed.publish", "neither", "tcp://"},
    {"feed: {publish: \"tcp://127.0.0.1\"}\n", 1, 17, "feed.publish", "no port", "tcp://"},
    {"feed: {publish: \"tcp://127.0.0.1:0\"}\n", 1, 17, "feed.publish", "no port", "tcp://"},
    {"feed: {publish: \"tcp://127.0.0.1:65536\"}\n", 1, 17, "feed.publish", "no port", "tcp://"},
    {"feed: {publish: \"tcp://:5572\"}\n", 1, 17, "feed.publish", "no address", "tcp://"},
    {"feed: {snapshots: \"tcp://a b:5572\"}\n", 1, 19, "feed.snapshots", "blank", "tcp://"},
    {"feed: {snapshots: \"ipc://\"}\n", 1, 19, "feed.snapshots", "no path", "ipc://"},
    {"feed: {snapshots: ''}\n", 1, 19, "feed.snapshots", "neither", "ipc://"},
    {"ingest: {events: \"tcp://127.0.0.1:9\", plain: \"tcp://127.0.0.1:9\"}\n", 1, 46, "ingest.plain",
     "same endpoint as ingest.events", "own"},
    {"ingest: {events: \"tcp://127.0.0.1:5571\"}\n", 1, 18, "ingest.events", "same endpoint as ingest.plain", "own"},
    {"web: {listen: \"localhost:8570\"}\n", 1, 15, "web.listen", "no address with a port", "127.0.0.1:8570"},
    {"web: {listen: \"127.0.0.1\"}\n", 1, 15, "web.listen", "no address with a port", "[::1]:8570"},
    {"web: {listen: \":8570\"}\n", 1, 15, "web.listen", "no address with a port", "127.0.0.1:8570"},
    {"web: {listen: \"[::1:80\"}\n", 1, 15, "web.listen", "no address with a port", "127.0.0.1:8570"},
    {"web: {listen: \"127.0.0.1:65536\"}\n", 1, 15, "web.listen", "no address with a port", "127.0.0.1:8570"},
    /* lists */
    {"windows: {}\n", 1, 10, "windows", "the section is not a list", "[5m, 15m"},
    {"windows: []\n", 1, 10, "windows", "the list is empty", "[5m, 15m"},
    {"windows: [5m, 5m]\n", 1, 15, "windows", "not longer", "rising"},
    {"windows: [15m, 5m]\n", 1, 16, "windows", "not longer", "rising"},
    {"windows: [500ms]\n", 1, 11, "windows", "out of range", "whole seconds"},
    {"windows: [1500ms]\n", 1, 11, "windows", "whole number of seconds", "whole seconds"},
    {"windows: [2h]\n", 1, 11, "windows", "out of range", "at most 1h"},
    {"windows:\n  - 1m\n  - 2m\n  - 3m\n  - 4m\n  - 5m\n", 6, 5, "windows", "too many", "1 to 4"},
    {"windows: [[5m]]\n", 1, 11, "windows", "not a plain value", "[5m, 15m"},
    {"rows: {attributions: [closed]}\n", 1, 23, "rows.attributions", "`closed`", "event, enter, close"},
    {"rows: {attributions: [event, event]}\n", 1, 30, "rows.attributions", "twice", "event, enter, close"},
    {"rows: {attributions: []}\n", 1, 22, "rows.attributions", "empty", "event, enter"},
    /* policies */
    {"service_level: {policies: [short_exclude]}\n", 1, 28, "service_level.policies", "`short_exclude` is not a policy",
     "asterisk_perf2"},
    {"service_level: {policies: [answered_only, answered_only]}\n", 1, 43, "service_level.policies", "twice",
     "abandon_miss"},
    {"service_level: {policies: [a, b, c, d, e, f, g, h, i]}\npolicies: {a: , b: , c: , d: , e: , f: , g: , h: , i: "
     "}\n",
     1, 52, "service_level.policies", "too many", "1 to 8"},
    {"policies: {mine: {base: short}}\n", 1, 25, "policies.mine.base", "`short` is not a preset", "short_excluded"},
    {"policies: {short_hit: {target: 0.9}}\n", 1, 23, "policies.short_hit", "a preset has this name", "base"},
    {"policies: {p: {abandoned: hit}}\n", 1, 27, "policies.p.abandoned", "`hit`",
     "exclude, miss, hit_if_within, exclude_if_within"},
    {"policies: {p: {short_rule: hit_if_within}}\n", 1, 28, "policies.p.short_rule", "`hit_if_within`",
     "off, exclude, miss, hit"},
    {"policies: {p: {blocked: hit_if_within}}\n", 1, 25, "policies.p.blocked", "`hit_if_within`", "exclude, miss"},
    {"policies: {p: {flowed_out: hit}}\n", 1, 28, "policies.p.flowed_out", "`hit`", "by reason"},
    {"policies: {p: {flowed_out: {timeouts: miss}}}\n", 1, 29, "policies.p.flowed_out.timeouts", "no such reason",
     "timeout"},
    {"policies: {p: {flowed_out: {timeout: maybe}}}\n", 1, 38, "policies.p.flowed_out.timeout", "`maybe`",
     "hit_if_within"},
    {"policies: {p: {flowed_out: {lost: miss}}}\n", 1, 29, "policies.p.flowed_out.lost", "excluded by every policy",
     "timeout"},
    {"policies: {p: {flowed_out: {callback: miss}}}\n", 1, 29, "policies.p.flowed_out.callback", "not among",
     "callbacks"},
    {"policies: {p: {callbacks: {timeout: miss}}}\n", 1, 27, "policies.p.callbacks", "the section",
     "exclude, miss, hit_if_within"},
    {"policies: {p: {compare: lte}}\n", 1, 25, "policies.p.compare", "`lte`", "le, lt"},
    {"policies: {p: {version: 0}}\n", 1, 25, "policies.p.version", "out of range", "1"},
    {"policies: {p: {threshold: 5s, short: 6s}}\n", 1, 38, "policies.p.short", "S is longer than T", "threshold"},
    {"policies: {p: {short_rule: off, short: 6s}}\n", 1, 40, "policies.p.short", "no effect", "short_rule"},
    /* standards */
    {"service_level: {threshold: 5s, short: 6s}\n", 1, 39, "service_level.short", "S is longer than T", "threshold"},
    {"queues: {vip: {threshold: 5s, short: 6s}}\n", 1, 38, "queues.vip.short", "S is longer than T", "5s"},
    {"queues: {vip: {short: 21s}}\n", 1, 23, "queues.vip.short", "S is longer than T", "20s"},
    {"service_level: {short: 10s}\nqueues: {vip: {threshold: 9s}}\n", 2, 27, "queues.vip.threshold",
     "S is longer than T", "10s"},
    {"queues:\n  - {name: vip, channel: chat}\n  - {name: vip}\n  - {name: vip, channel: chat}\n", 4, 5, "queues.vip",
     "already", "once"},
    {"agents:\n  - {name: a, team: x}\n  - {name: a, team: y}\n", 3, 5, "agents.a", "already", "once"},
    {"limits: {queue_keys: 1}\nqueues: {a: {}, b: {}}\n", 1, 22, "limits.queue_keys", "fewer than the queues", "room"},
    {"limits: {agent_keys: 1}\nagents: {a: {team: x}, b: {team: x}}\n", 1, 22, "limits.agent_keys",
     "fewer than the agents", "room"},
    {"limits: {inlet_bytes: 100000}\n", 1, 23, "limits.inlet_bytes", "power of two", "power of two"},
    {"limits: {outlet_bytes: 100000}\n", 1, 24, "limits.outlet_bytes", "power of two", "power of two"},
    {"limits: {inlet_bytes: 1MiB}\n", 1, 23, "limits.inlet_bytes", "would not fit the inlet", "quarter"},
    {"limits: {message_bytes: 8MiB, inlet_bytes: 32MiB}\n", 1, 25, "limits.message_bytes", "may have on its way",
     "peer_bytes"},
    {"store: {backoff_min: 1m}\n", 1, 22, "store.backoff_min", "longer than the longest", "backoff_max"},
    {"store: {backoff_max: 100ms}\n", 1, 22, "store.backoff_max", "longer than the longest", "backoff_max"},
    /* rules */
    {RULE(""), 3, 8, "alerts.rules.r.metric", "is missing", "oldest_wait"},
    {RULE("metric: waiting, compare: above"), 3, 8, "alerts.rules.r.limit", "is missing", "duration"},
    {RULE("metric: waiting, limit: 3"), 3, 8, "alerts.rules.r.compare", "is missing", "above, below"},
    {RULE("metric: wait_time"), 3, 17, "alerts.rules.r.metric", "`wait_time` is not a metric", "service_level"},
    {RULE("metric: asa, compare: above, limit: 10s"), 3, 8, "alerts.rules.r.window", "is missing", "today"},
    {RULE("metric: asa, window: 7m, compare: above, limit: 10s"), 3, 30, "alerts.rules.r.window", "`7m` is not among",
     "today"},
    {RULE("metric: asa, window: long, compare: above, limit: 10s"), 3, 30, "alerts.rules.r.window", "not a window",
     "today"},
    {RULE("metric: waiting, window: 5m, compare: above, limit: 3"), 3, 34, "alerts.rules.r.window", "has no window",
     "oldest_wait"},
    {RULE("metric: asa, window: 5m, compare: above, limit: 10"), 3, 57, "alerts.rules.r.limit",
     "`10` is not a duration", "60s"},
    {RULE("metric: waiting, compare: above, limit: 10s"), 3, 49, "alerts.rules.r.limit", "`10s` is not a number", "12"},
    {RULE("metric: service_level, window: 5m, compare: below, limit: 80"), 3, 67, "alerts.rules.r.limit", "not a ratio",
     "0.8"},
    {RULE("metric: service_level, window: 5m, compare: below, limit: 0.8, clear: 0.7"), 3, 79, "alerts.rules.r.clear",
     "bad side", "at least"},
    {RULE("metric: oldest_wait, compare: above, limit: 60s, clear: 61s"), 3, 65, "alerts.rules.r.clear", "bad side",
     "at most"},
    {RULE("metric: service_level, window: 5m, compare: below, limit: 0.8, policy: short_hit"), 3, 80,
     "alerts.rules.r.policy", "no such policy is counted", "short_excluded"},
    {RULE("metric: asa, window: 5m, compare: below, limit: 1s, policy: short_excluded"), 3, 69, "alerts.rules.r.policy",
     "has no policy", "service_level"},
    {RULE("metric: waiting, compare: above, limit: 1, by: total, key: vip"), 3, 68, "alerts.rules.r.key", "no names",
     "by: queue"},
    {RULE("metric: waiting, compare: above, limit: 1, key: *"), 3, 58, "", "alias", "quotes"},
    /* detectors */
    {RULE("detector: cumsum, metric: asa"), 3, 19, "alerts.rules.r.detector", "`cumsum` is not one", "cusum"},
    {RULE("detector: cusum, metric: offered, window: 15m, limit: 3"), 3, 63, "alerts.rules.r.limit", "no effect with detector: cusum",
     "threshold predicted_breach"},
    {RULE("detector: threshold, metric: waiting, compare: above, limit: 3, shift: 1"), 3, 80, "alerts.rules.r.shift",
     "no effect with detector: threshold", "cusum"},
    {RULE("detector: no_data, window: 15m, metric: asa"), 3, 49, "alerts.rules.r.metric", "no effect with detector: no_data", "threshold"},
    {RULE("metric: waiting, compare: both, limit: 3"), 3, 35, "alerts.rules.r.compare", "one bad side", "above or below"},
    {RULE("metric: service_level, window: 5m, compare: above, limit: 1"), 3, 67, "alerts.rules.r.limit", "can never fire", "below 1"},
    {RULE("metric: offered, window: 5m, compare: below, limit: 0"), 3, 61, "alerts.rules.r.limit", "can never fire", "above 0"},
    {RULE("metric: offered, window: 5m, compare: below, limit: 5, min_sample: 5"), 3, 76, "alerts.rules.r.min_sample", "can never fire",
     "its own sample"},
    {RULE("metric: nps, window: 1h, compare: above, limit: 100"), 3, 57, "alerts.rules.r.limit", "can never fire", "-100 and 100"},
    {RULE("metric: predicted_service_level, window: 15m, compare: below, limit: 0.8, by: total"), 3, 87, "alerts.rules.r.by",
     "only queues are predicted", "by: queue"},
    {RULE("metric: aht, window: 15m, compare: above, limit: 5m, confidence: 0.9"), 3, 74, "alerts.rules.r.confidence", "is no share",
     "counted only"},
    {RULE("detector: predicted_breach, metric: service_level, window: 15m, compare: below, limit: 0.8"), 3, 45, "alerts.rules.r.metric",
     "is no forecast", "breach_oldest"},
    {RULE("detector: laney, metric: aht, window: 15m"), 3, 34, "alerts.rules.r.metric", "is no share", "abandoned_rate"},
    {RULE("detector: cusum, metric: offered, window: today"), 3, 51, "alerts.rules.r.window", "is no subgroup", "windows"},
    {RULE("detector: seasonal, metric: offered, window: 5m"), 3, 54, "alerts.rules.r.window", "too short for a place in the week", "15m"},
    {RULE("detector: cusum, metric: offered, window: 15m, every: 5m"), 3, 63, "alerts.rules.r.every", "has a window", "figures of now"},
    {RULE("detector: cusum, metric: waiting, every: 7m"), 3, 50, "alerts.rules.r.every", "cannot be cut", "divides a day"},
    {RULE("detector: cusum, metric: waiting, every: 5m, baseline: season"), 3, 50, "alerts.rules.r.every", "too short for a place", "15m"},
    {RULE("detector: cusum, metric: offered, window: 15m, baseline: fixed"), 3, 66, "alerts.rules.r.baseline", "needs a centre", "centre"},
    {RULE("detector: cusum, metric: offered, window: 15m, baseline: season, centre: 5"), 3, 82, "alerts.rules.r.centre",
     "contradicts", "fixed"},
    {RULE("detector: ewma, metric: service_level, window: 15m, centre: 1"), 3, 69, "alerts.rules.r.centre", "no room to vary", "below 1"},
    {RULE("detector: laney, metric: service_level, window: 15m, baseline: fixed"), 3, 72, "alerts.rules.r.baseline",
     "learns its baseline", "recent"},
    {RULE("detector: cusum, metric: offered, window: 15m, shift: 99"), 3, 63, "alerts.rules.r.shift", "out of range", "0.1 to 10"},
    {"alerts: {rules: {a: {metric: waiting, compare: above, limit: 3, inhibited_by: b}}}\n", 1, 79, "alerts.rules.a.inhibited_by",
     "there is no rule `b`", "no other rule"},
    {"alerts: {rules: {a: {metric: waiting, compare: above, limit: 3, inhibited_by: c}, b: {metric: waiting, compare: above, limit: 3}}}\n",
     1, 79, "alerts.rules.a.inhibited_by", "there is no rule `c`", "b"},
    {"alerts: {rules: {a: {metric: waiting, compare: above, limit: 3, inhibited_by: a}}}\n", 1, 79, "alerts.rules.a.inhibited_by",
     "cannot inhibit itself", "not itself inhibited"},
    {"alerts: {rules: {a: {metric: waiting, compare: above, limit: 3, inhibited_by: b}, b: {metric: waiting, compare: above, limit: "
     "3, inhibited_by: c}, c: {metric: waiting, compare: above, limit: 3, inhibited_by: b}}}\n", 1, 144, "alerts.rules.b.inhibited_by",
     "in a circle", "not itself inhibited"},
    {"alerts: {rules: {a: {metric: waiting, compare: above, limit: 3, by: total, inhibited_by: b}, b: {metric: waiting, compare: above, "
     "limit: 3}}}\n", 1, 90, "alerts.rules.a.inhibited_by", "not over them", "total or channel"},
    {"alerts: {rules: {a: {metric: waiting, compare: above, limit: 3, tenant: x, inhibited_by: b}, b: {metric: waiting, compare: above, "
     "limit: 3, tenant: y}}}\n", 1, 90, "alerts.rules.a.inhibited_by", "different tenants", "same tenant"},
    {"alerts: {rules: {a: {metric: waiting, compare: above, limit: 3, channel: chat, inhibited_by: b}, b: {metric: waiting, compare: "
     "above, limit: 3, channel: voice}}}\n", 1, 94, "alerts.rules.a.inhibited_by", "different channels", "same channel"},
    {RULE("detector: cusum, metric: offered, window: 15m, false_alarms: 3"), 3, 70, "alerts.rules.r.false_alarms", "is not a rate", "1/7d"},
    {RULE("detector: cusum, metric: offered, window: 15m, false_alarms: 1/0"), 3, 70, "alerts.rules.r.false_alarms",
     "is not a rate", "2/1d"},
    {RULE("detector: cusum, metric: offered, window: 15m, false_alarms: 90/1d"), 3, 70, "alerts.rules.r.false_alarms",
     "such a rate cannot be", "two subgroups"},
    {RULE("detector: cusum, metric: offered, window: 15m, false_alarms: 2/1d"), 3, 70, "alerts.rules.r.false_alarms",
     "more than the whole budget", "1 per day"},
    {RULE("detector: burn_rate, metric: abandoned_rate, window: 1h"), 3, 8, "alerts.rules.r.target", "is missing", "0.95"},
    {RULE("detector: burn_rate, metric: service_level, window: 5m, target: 0.99"), 3, 61, "alerts.rules.r.window",
     "no shorter window", "four times"},
    {RULE("detector: burn_rate, metric: service_level, window: 1h, target: 0.8, budget: 0.6"), 3, 86, "alerts.rules.r.budget",
     "waits for a burn rate of 14.4, and with a target of 0.8 none is above 5", "below 0.2083"},
    {RULE("detector: source_silence"), 3, 8, "alerts.rules.r.limit", "is missing", "duration"},
    {RULE("detector: source_silence, limit: 10"), 3, 42, "alerts.rules.r.limit", "not a duration", "60s"},
    {"alerts: {false_alarms: 1/7d, rules: {a: {detector: cusum, metric: offered, window: 15m, false_alarms: 1/7d}, b: {detector: ewma, "
     "metric: offered, window: 15m}}}\n",
     1, 113, "alerts.rules.b.false_alarms", "leave it nothing", "within alerts.false_alarms"},
    {RULE("metric: waiting, compare: above, limit: 1, severity: bad"), 3, 62, "alerts.rules.r.severity", "`bad`",
     "info, warning, critical"},
    {"alerts:\n  rules:\n    - {name: r, metric: waiting, compare: above, limit: 1}\n    - {name: r, metric: waiting, "
     "compare: above, limit: 2}\n",
     4, 7, "alerts.rules.r", "already", "once"},
    /* working hours */
    {HOURS(""), 1, 12, "hours.h.week", "is missing", "mon-fri"},
    {HOURS("week: {}"), 1, 19, "hours.h.week", "no day would be worked", "mon-fri"},
    {HOURS("week: 09:00-17:00"), 1, 19, "hours.h.week", "not a section of weekdays", "mon-fri"},
    {HOURS("week: {monday: 09:00-17:00}"), 1, 20, "hours.h.week", "`monday` is not a weekday", "mon-fri"},
    {HOURS("week: {mon-: 09:00-17:00}"), 1, 20, "hours.h.week", "`mon-` is not a weekday", "mon-fri"},
    {HOURS("week: {mon: 9-17}"), 1, 25, "hours.h.week", "`9-17` is not a time", "09:00-17:30"},
    {HOURS("week: {mon: 09:00-24:01}"), 1, 25, "hours.h.week", "is not a time", "09:00-17:30"},
    {HOURS("week: {mon: 09:60-10:00}"), 1, 25, "hours.h.week", "is not a time", "09:00-17:30"},
    {HOURS("week: {mon: '09:00-10:00,'}"), 1, 25, "hours.h.week", "is not a time", "09:00-17:30"},
    {HOURS("week: {mon: []}"), 1, 25, "hours.h.week", "no times", "09:00-17:30"},
    {HOURS("week: {mon: [[a]]}"), 1, 26, "hours.h.week", "not a time", "09:00-17:30"},
    {HOURS("week: {mon: 09:00-09:00}"), 1, 25, "hours.h.week", "empty", "09:00-17:30"},
    {HOURS("week: {mon: 22:00-06:00}"), 1, 25, "hours.h.week", "past midnight is two", "09:00-17:30"},
    {HOURS("week: {mon: '09:00-12:00, 11:59-13:00'}"), 1, 25, "hours.h.week", "overlap", "09:00-17:30"},
    {HOURS("week: {mon-fri: 09:00-12:00, wed: 11:00-13:00}"), 1, 47, "hours.h.week", "overlap on wed", "09:00-17:30"},
    {HOURS("week: {mon: 09:00-10:00}, holidays: [2026-02-29]"), 1, 50, "hours.h.holidays", "`2026-02-29` is not a date", "2026-12-25"},
    {HOURS("week: {mon: 09:00-10:00}, holidays: [25.12.2026]"), 1, 50, "hours.h.holidays", "is not a date", "2026-12-25"},
    {HOURS("week: {mon: 09:00-10:00}, days: {2262-01-01: closed}"), 1, 46, "hours.h.days", "is not a date", "2026-12-24"},
    {HOURS("week: {mon: 09:00-10:00}, days: {2026-12-24: open}"), 1, 58, "hours.h.days", "is not a time", "closed"},
    {HOURS("week: {mon: 09:00-10:00}, holidays: [2026-12-25, 2026-12-25]"), 1, 12, "hours.h", "2026-12-25 is named twice", "once"},
    {HOURS("week: {mon: 09:00-10:00}, holidays: [2026-12-25], days: {2026-12-25: 09:00-10:00}"), 1, 12, "hours.h",
     "2026-12-25 is named twice", "holidays"},
    {HOURS("week: {mon: 09:00-10:00}, zone: Mars/Olympus"), 1, 45, "hours.h.zone", "`Mars/Olympus` is not a time zone", "Europe/London"},
    {"queues: {q: {hours: office}}\n", 1, 21, "queues.q.hours", "no working hours `office`", "under `hours`"},
    {"hours: {h: {week: {mon: 09:00-10:00}}}\ncomplaints: {hours: g}\n", 2, 21, "complaints.hours", "no working hours `g`", "one of h"},
    /* replies, feedback, staff */
    {"service_level: {callback_clock: default}\n", 1, 33, "service_level.callback_clock", "`default`", "restart, keep"},
    {"queues: {q: {first_reply: 400d}}\n", 1, 27, "queues.q.first_reply", "out of range", "366d"},
    {"feedback: {csat: 5..1}\n", 1, 18, "feedback.csat", "does not rise", "least and greatest"},
    {"feedback: {csat: 3..3}\n", 1, 18, "feedback.csat", "does not rise", "least and greatest"},
    {"feedback: {csat: 1-5}\n", 1, 18, "feedback.csat", "`1-5` is not a scale", "1..5"},
    {"feedback: {ces: 1..7.0001}\n", 1, 17, "feedback.ces", "not a scale", "1..5"},
    {"feedback: {ces: 0..101}\n", 1, 17, "feedback.ces", "out of range", "from -100 to 100"},
    {"fcr: {never: [a, b, a]}\n", 1, 14, "fcr.never", "names something twice", "a list of texts"},
    {"fcr: {never: ['']}\n", 1, 15, "fcr.never", "is empty", "1 to 64"},
    {"fcr: {never: {a: 1}}\n", 1, 14, "fcr.never", "is not a list", "[a, b]"},
    {"staff: {break_activities: [[a]]}\n", 1, 28, "staff.break_activities", "not a plain value", "[a, b]"},
    {"prediction: {min_handled: 0}\n", 1, 27, "prediction.min_handled", "out of range", "from 1"},
    {"limits: {customers: 10}\n", 1, 21, "limits.customers", "out of range", "from 1000"},
    /* receivers */
    {TO("url: 'http://a'"), 1, 16, "receivers.r.kind", "is missing", "alertmanager, webhook, mail"},
    {TO("kind: pager"), 1, 23, "receivers.r.kind", "`pager` is not one", "alertmanager, webhook, mail"},
    {TO("kind: webhook"), 1, 16, "receivers.r.url", "is missing", "url or url_file"},
    {TO("kind: webhook, url: 'http://a', url_file: /b"), 1, 37, "receivers.r.url", "url_file, too", "either"},
    {TO("kind: webhook, url: 'ftp://a'"), 1, 37, "receivers.r.url", "is not http://", "https://alerts"},
    {TO("kind: webhook, url: 'http://'"), 1, 37, "receivers.r.url", "no host", "https://alerts"},
    {TO("kind: webhook, url: 'http://a:0/b'"), 1, 37, "receivers.r.url", "no good port", "https://alerts"},
    {TO("kind: webhook, url: 'http://a:70000'"), 1, 37, "receivers.r.url", "no good port", "https://alerts"},
    {TO("kind: webhook, url: 'http://[::1]x'"), 1, 37, "receivers.r.url", "no good port", "https://alerts"},
    {TO("kind: webhook, url: 'http://u:p@a'"), 1, 37, "receivers.r.url", "password_file", "https://alerts"},
    {TO("kind: webhook, url: 'http://a/b c'"), 1, 37, "receivers.r.url", "blank", "https://alerts"},
    {TO("kind: webhook, url: 'http://a#b'"), 1, 37, "receivers.r.url", "fragment", "https://alerts"},
    {TO("kind: webhook, url: 'smtp://a'"), 1, 37, "receivers.r.url", "one of mail", "http://"},
    {TO("kind: mail, url: 'http://a', from: a@b, to: [a@b]"), 1, 34, "receivers.r.url", "not one of mail", "smtp://"},
    {TO("kind: mail, url: 'smtp://a', to: [a@b]"), 1, 16, "receivers.r.from", "is missing", "alerts@example.org"},
    {TO("kind: mail, url: 'smtp://a', from: nobody, to: [a@b]"), 1, 52, "receivers.r.from", "is not an address", "alerts@example.org"},
    {TO("kind: mail, url: 'smtp://a', from: a@b"), 1, 16, "receivers.r.to", "is missing", "list of addresses"},
    {TO("kind: mail, url: 'smtp://a', from: a@b, to: ['x y@b']"), 1, 61, "receivers.r.to", "not an address", "list of addresses"},
    {TO("kind: mail, url: 'smtp://a', from: a@b, to: ['a@b>,<c@d']"), 1, 61, "receivers.r.to", "not an address", "list of addresses"},
    {TO("kind: webhook, url: 'http://a', to: [a@b]"), 1, 53, "receivers.r.to", "belongs to mail", "kind: mail"},
    {TO("kind: webhook, url: 'http://a', from: a@b"), 1, 55, "receivers.r.from", "belongs to mail", "kind: mail"},
    {TO("kind: mail, url: 'smtp://a', from: a@b, to: [a@b], user: u"), 1, 16, "receivers.r.password_file", "is missing", "both"},
    {TO("kind: mail, url: 'smtp://a', from: a@b, to: [a@b], password_file: /p"), 1, 16, "receivers.r.user", "is missing", "both"},
    {TO("kind: mail, url: 'smtp://a', from: a@b, to: [a@b], user: u, password_file: /p, starttls: off"), 1, 106, "receivers.r.starttls",
     "password", "required"},
    {TO("kind: webhook, url: 'http://a', token_file: /t, user: u, password_file: /p"), 1, 61, "receivers.r.token_file",
     "user, too", "either"},
    {TO("kind: alertmanager, url: 'http://a', secret_file: /s"), 1, 67, "receivers.r.secret_file", "webhooks only", "kind: webhook"},
    {TO("kind: webhook, url: 'http://a', secret_file: s"), 1, 62, "receivers.r.secret_file", "absolute", "path"},
    {TO("kind: webhook, url: 'http://a', backoff_min: 10s, backoff_max: 1s"), 1, 62, "receivers.r.backoff_min", "longest", "backoff_max"},
    {TO("kind: alertmanager, url: 'http://a', resend: 1s, backoff_min: 2s"), 1, 79, "receivers.r.backoff_min", "resend", "resend"},
    {TO("kind: webhook, url: 'http://a', burst: 0"), 1, 56, "receivers.r.burst", "out of range", "from 1"},
    {TO("kind: webhook, url: 'http://a', colour: red"), 1, 49, "receivers.r.colour", "no such key", "kind"},
};

/* Counts instead of failing, so that one run shows every row that is off. */
static unsigned differs(const char *label, const rs_config_error_t *error, const row_t *row) {
    const bool good = error->line == row->line && error->column == row->column && strcmp(error->key, row->key) == 0 &&
                      strstr(error->reason, row->reason) != NULL && strstr(error->allowed, row->allowed) != NULL;
    if (!good)
        print_error("%s\ngave %u:%u: %s: %s; allowed: %s\nnot %u:%u: %s: …%s…; …%s…\n", label, error->line,
                    error->column, error->key, error->reason, error->allowed, row->line, row->column, row->key,
                    row->reason, row->allowed);
    return !good;
}

static void every_bad_file_is_refused_at_its_place(void **state) {
    unsigned wrong = 0;
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        rs_config_t *config = NULL;
        rs_config_error_t error;
        memset(&error, 0xAA, sizeof(error));
        const int status = load_text(rows[i].text, strlen(rows[i].text), NULL, 0, &config, &error);
        if (status != RS_ERR_PARSE) fail_msg("%s\nloaded (%s)", rows[i].text, rs_status_text(status));
        assert_null(config);
        wrong += differs(rows[i].text, &error, &rows[i]);
        assert_memory_equal(error.file, "/tmp/ringside-config-", 21);
    }
    assert_int_equal(wrong, 0);
}

static void every_bad_setting_is_refused_with_its_key(void **state) {
    static const row_t bad[] = {
        {"time.lateness", 0, 0, "time.lateness", "no `=`", "KEY=VALUE"},
        {"", 0, 0, "", "no `=`", "KEY=VALUE"},
        {"=3", 0, 0, "", "not a key", "KEY=VALUE"},
        {"queues..threshold=1s", 0, 0, "queues..threshold", "not a key", "quotes"},
        {".a=1", 0, 0, ".a", "not a key", "quotes"},
        {"a.=1", 0, 0, "a.", "not a key", "quotes"},
        {"queues.\"vip.threshold=1s", 0, 0, "queues.\"vip.threshold=1s", "no `=`", "quotes"},
        {"queues.\"vip\"x.threshold=1s", 0, 0, "queues.\"vip\"x.threshold", "not a key", "quotes"},
        {"queues.\"\".threshold=1s", 0, 0, "queues.\"\".threshold", "not a key", "quotes"},
        {"a.b.c.d.e.f.g.h.i=1", 0, 0, "a.b.c.d.e.f.g.h.i", "not a key", "quotes"},
        {"queues.sales.eu.threshold=1s", 0, 0, "queues.sales.eu", "no such key", "one of threshold"},
        {"queues.vip.threshold=1", 0, 0, "queues.vip.threshold", "has no unit", "20s"},
        {"windows=[5m, 15m", 0, 0, "windows", "did not find expected", "YAML"},
        {"time.lateness.x=1", 0, 0, "time.lateness", "section where one value", "duration"},
        {"queues.a\xFF.threshold=1s", 0, 0, "", "not UTF-8", "UTF-8"},
        {"service_level.policies=gold", 0, 0, "service_level.policies", "`gold` is not a policy", "answered_only"},
    };
    unsigned wrong = 0;
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(bad); i++) {
        rs_config_t *config = NULL;
        rs_config_error_t error;
        const char *const sets[] = {bad[i].text};
        if (rs_config_load(NULL, sets, 1, &config, &error) != RS_ERR_PARSE) fail_msg("%s was taken", bad[i].text);
        wrong += differs(bad[i].text, &error, &bad[i]);
        assert_string_equal(error.file, "--set");
    }
    assert_int_equal(wrong, 0);
}

static void a_setting_below_a_plain_value_of_the_file_is_refused(void **state) {
    static const char *const sets[] = {"time.lateness.x=1"};
    rs_config_t *config = NULL;
    rs_config_error_t error;
    (void)state;
    assert_int_equal(load_text("time: {lateness: 5m}\n", 21, sets, 1, &config, &error), RS_ERR_PARSE);
    assert_non_null(strstr(error.reason, "plain value"));
}

static void a_file_that_is_not_there_is_an_io_error(void **state) {
    rs_config_t *config = NULL;
    rs_config_error_t error;
    char text[600];
    (void)state;
    assert_int_equal(rs_config_load("/nonexistent/ringside.conf", NULL, 0, &config, &error), RS_ERR_IO);
    rs_config_error_format(&error, text, sizeof(text));
    assert_string_equal(text, "/nonexistent/ringside.conf: cannot be read: No such file or directory; allowed: a file "
                              "that this user may read");
    assert_int_equal(rs_config_load("/tmp", NULL, 0, &config, &error), RS_ERR_IO);
    assert_non_null(strstr(error.reason, "directory"));
    assert_null(config);
}

static void a_file_beyond_one_mebibyte_is_refused_before_parsing(void **state) {
    enum { SIZE = 1024 * 1024 };
    char *text = malloc(SIZE + 1);
    rs_config_t *config = NULL;
    rs_config_error_t error;
    (void)state;
    assert_non_null(text);
    memset(text, '#', SIZE + 1);
    assert_int_equal(load_text(text, SIZE + 1, NULL, 0, &config, &error), RS_ERR_PARSE);
    assert_string_equal(error.reason, "the file is longer than 1 MiB");
    assert_int_equal(load_text(text, SIZE, NULL, 0, &config, &error), RS_OK);
    rs_config_destroy(&config);
    free(text);
    assert_int_equal(rs_config_load("/dev/zero", NULL, 0, &config, &error), RS_ERR_PARSE);
    assert_string_equal(error.reason, "the file is longer than 1 MiB");
}

/* A cut anywhere either still is a configuration, or is refused with a place inside the file. */
static void a_file_cut_at_any_byte_never_does_harm(void **state) {
    char text[32768];
    FILE *file = fopen(RS_SOURCE_DIR "/daemon/ringside.conf", "r");
    (void)state;
    assert_non_null(file);
    const size_t length = fread(text, 1, sizeof(text), file);
    fclose(file);
    uint32_t lines = 1, refused = 0;
    for (size_t cut = 0; cut <= length; cut += 7) {
        rs_config_t *config = NULL;
        rs_config_error_t error;
        lines = 1;
        for (size_t i = 0; i < cut; i++) lines += text[i] == '\n';
        const int status = load_text(text, cut, NULL, 0, &config, &error);
        if (status == RS_OK) {
            rs_config_destroy(&config);
            continue;
        }
        assert_int_equal(status, RS_ERR_PARSE);
        if (error.line < 1 || error.line > lines)
            fail_msg("cut at %zu: line %u of %u: %s", cut, error.line, lines, error.reason);
        assert_true(error.column >= 1);
        refused++;
    }
    assert_true(refused > 50);
}

static void a_message_names_file_line_column_key_reason_and_what_is_allowed(void **state) {
    const rs_config_error_t error = {.file = "/etc/r.conf",
                                     .line = 3,
                                     .column = 7,
                                     .key = "time.idle",
                                     .reason = "is out of range",
                                     .allowed = "less"};
    const rs_config_error_t set = {.file = "--set", .key = "time.idle", .reason = "is out of range"};
    char text[256], small[12];
    (void)state;
    rs_config_error_format(&error, text, sizeof(text));
    assert_string_equal(text, "/etc/r.conf:3:7: time.idle: is out of range; allowed: less");
    rs_config_error_format(&set, text, sizeof(text));
    assert_string_equal(text, "--set: time.idle: is out of range");
    rs_config_error_format(&error, small, sizeof(small));
    assert_string_equal(small, "/etc/r.conf");
}

static void long_keys_and_values_are_cut_to_whole_characters(void **state) {
    char text[4096] = "time: {zone: '";
    rs_config_t *config = NULL;
    rs_config_error_t error;
    uint32_t at;
    (void)state;
    for (int i = 0; i < 300; i++) strcat(text, i % 2 == 0 ? "\xE2\x82\xAC" : "x");
    strcat(text, "'}\n");
    assert_int_equal(load_text(text, strlen(text), NULL, 0, &config, &error), RS_ERR_PARSE);
    assert_true(rs__text_is_utf8(rs_str(error.reason), &at));
    memcpy(text, "\xE2\x82\xAC", 3);
    for (size_t i = 0; i < 3000; i++) text[i] = text[i % 3];
    strcpy(text + 3000, ": 1\n");
    assert_int_equal(load_text(text, strlen(text), NULL, 0, &config, &error), RS_ERR_PARSE);
    assert_true(rs__text_is_utf8(rs_str(error.key), &at));
}

const struct CMUnitTest error_tests[] = {
    cmocka_unit_test(every_bad_file_is_refused_at_its_place),
    cmocka_unit_test(every_bad_setting_is_refused_with_its_key),
    cmocka_unit_test(a_setting_below_a_plain_value_of_the_file_is_refused),
    cmocka_unit_test(a_file_that_is_not_there_is_an_io_error),
    cmocka_unit_test(a_file_beyond_one_mebibyte_is_refused_before_parsing),
    cmocka_unit_test(a_file_cut_at_any_byte_never_does_harm),
    cmocka_unit_test(a_message_names_file_line_column_key_reason_and_what_is_allowed),
    cmocka_unit_test(long_keys_and_values_are_cut_to_whole_characters),
};
const size_t error_test_count = RS_ARRAY_LEN(error_tests);
