// Why a store can't be opened or has stopped, as types the process edge turns into words and exit codes.
// Errors cross a thread as name and message, since a structured clone forgets their class.

/** Another process holds the state directory. */
export class StateInUse extends Error {
  override readonly name = 'StateInUse';
}

/** The directory, the store's format or its key is not one this program can work with. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}

/** What the store holds can't be trusted. */
export class StoreDamaged extends Error {
  override readonly name = 'StoreDamaged';
}

/** A commit failed; nothing is written any more and the process must end. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed';
}

export interface Refusal {
  name: string;
  message: string;
}

export function refusalOf(error: unknown): Refusal {
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: 'Error', message: String(error) };
}

export function refusalError({ name, message }: Refusal): Error {
  if (name === 'StateInUse') return new StateInUse(message);
  if (name === 'StoreRefused') return new StoreRefused(message);
  if (name === 'StoreDamaged') return new StoreDamaged(message);
  return new StoreFailed(message);
}
