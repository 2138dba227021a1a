// Quantities as people write them in an agent's options: text to a number, or null when it is none.

const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?$/i;
const SIZE_STEPS = ['', 'k', 'm', 'g', 't'];
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m)?$/;
const DURATION_UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000 };

/** `256MB` (decimal), `256MiB` (binary) or plain bytes, as the coordinator's options have them. */
export function readSize(text: string): number | null {
  const match = SIZE.exec(text.trim());
  if (match === null) return null;
  const unit = (match[2] ?? '').toLowerCase();
  const step = (unit.endsWith('i') ? 1024 : 1000) ** SIZE_STEPS.indexOf(unit.charAt(0));
  return Math.round(Number(match[1]) * step);
}

/** `300ms`, `1s` or plain seconds, in ms. */
export function readDuration(text: string): number | null {
  const match = DURATION.exec(text.trim());
  return match === null ? null : Math.round(Number(match[1]) * (DURATION_UNITS[match[2] ?? 's'] ?? 1_000));
}

/** `1%` as 0.01. */
export function readShare(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text.trim());
  const share = match === null ? Number.NaN : Number(match[1]) / 100;
  return share <= 1 ? share : null;
}
