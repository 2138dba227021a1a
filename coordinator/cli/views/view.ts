// What a way of showing results is: it may take devices as they finish, and it has the whole sweep at the end.
import type { Report } from '../../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../../proto/gen/netsweep/v1/sweeps.js';

export interface View {
  /** `report` wants outputs' bytes. */
  readonly bodies: boolean;
  /** A device has ended; called once for each, in the order they end. */
  report?(report: Report): Promise<void>;
  /** The sweep has ended. */
  end?(sweep: Sweep, results: Results): Promise<void>;
}

/** All finished devices in inventory order, again for each call. */
export type Results = (bodies: boolean) => AsyncIterable<Report>;
