// What the readers of a policy file share: where they report, and what they know of the world outside.
import type { Platforms } from '../../proto/platform.js';
import type { Position } from '../inventory/inventory.js';
import { type Place, positionOf } from '../inventory/located.js';
import type { Issues } from '../inventory/wording.js';

export interface PolicyWorld {
  issues: Issues;
  warnings: Issues;
  platforms: Platforms;
  /** Of the file that is read: relative paths in it start here. */
  directory: string;
  /** Policies that ship: name to file. */
  shipped: ReadonlyMap<string, string>;
  /** Files that are being read, each extending the next. */
  extending?: readonly string[];
}

/** Of something in a file. */
export function placed(place: Place): Position {
  return positionOf(place) ?? { file: '', line: 1, column: 1 };
}
