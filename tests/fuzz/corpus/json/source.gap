{"source":"pbx-1","seq":31,"occurred_at":"2026-03-02T09:00:31.250000Z","type":"source.gap","data":{"from_seq":31,"to_seq":18446744073709551615}}
