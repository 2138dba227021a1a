// The words people see for the contract's enumerations: STATUS_OK is "ok", KIND_HOST_KEY is "host-key".
// The one place where a generated name becomes a word and back.

/** Turns a generated enumeration value into its word; the prefix is the enumeration's own. */
export function label(
  prefix:
    | 'STATUS'
    | 'PROOF'
    | 'STAGE'
    | 'KIND'
    | 'SWEEP_STATE'
    | 'RUN_STATE'
    | 'MISSED_POLICY'
    | 'OVERLAP_POLICY'
    | 'ROLE',
  value: string,
): string {
  return value
    .slice(prefix.length + 1)
    .toLowerCase()
    .replaceAll('_', '-');
}
