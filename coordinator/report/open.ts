// Open findings of one rule from one audit to the next: pure. Devices that an audit did not judge, or not for certain,
// keep what they had, so that an audit of a part of the fleet fixes nothing elsewhere.
import type { OpenFindings, RuleChange, RuleOutcome } from '../../proto/gen/netsweep/v1/audits.js';

/** A finding that no audit has seen for so long is forgotten: its device is gone, or its rule. */
const FORGOTTEN_MS = 400 * 86_400_000;
/** Of one rule. */
const MOST_OPEN = 200_000;

export function nextOpen(
  open: OpenFindings,
  outcome: RuleOutcome,
  atMs: number,
): { open: OpenFindings; change: RuleChange } {
  const { policy, rule, failing, settled } = outcome;
  const known = new Map(
    open.devices.map((device, place) => [
      device,
      { firstMs: open.firstSeenMs[place] ?? atMs, lastMs: open.lastSeenMs[place] ?? atMs },
    ]),
  );
  const change: RuleChange = { policy, rule, firstSeenMs: [], fresh: [], fixed: [] };
  for (const [place, device] of failing.entries()) {
    const before = known.get(device);
    if (before === undefined) change.fresh.push(place);
    const firstMs = before?.firstMs ?? atMs;
    change.firstSeenMs.push(firstMs);
    known.set(device, { firstMs, lastMs: atMs });
  }
  for (const device of settled) {
    const before = known.get(device);
    if (before === undefined) continue;
    change.fixed.push({ device, firstSeenMs: before.firstMs });
    known.delete(device);
  }
  const kept = [...known].filter(([, { lastMs }]) => lastMs > atMs - FORGOTTEN_MS).slice(-MOST_OPEN);
  return {
    open: {
      devices: kept.map(([device]) => device),
      firstSeenMs: kept.map(([, { firstMs }]) => firstMs),
      lastSeenMs: kept.map(([, { lastMs }]) => lastMs),
    },
    change,
  };
}
