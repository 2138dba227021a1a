// The read-only gate: what may be sent to a device. Asked for all of a session's commands before the device is
// touched; the platform's data decides, and what the data does not name is refused unless writing is allowed.
import { Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { holdsControl, onlyEnables, whyRefused } from '../../proto/readonly.js';
import { DeviceFailure } from '../failure.js';
import type { Rules } from '../line/platform.js';

/** Why a command may not be sent, or null when it may. */
export function refusal({ platform }: Rules, command: string, allowWrites: boolean): string | null {
  const quoted = JSON.stringify(command);
  if (command.trim() === '') return 'an empty command';
  // Whatever is allowed: one line is one command.
  if (holdsControl(command)) return `${quoted} holds a control character`;
  if (allowWrites) return null;
  const why = whyRefused(platform, command);
  return why === null ? null : `${quoted} is not a command that only reads on ${platform.name}: ${why}`;
}

/** The same for what is typed in place of the platform's own command to gain privileges. */
function enableRefusal({ platform }: Rules, command: string, allowWrites: boolean): string | null {
  if (holdsControl(command)) return `enable_command ${JSON.stringify(command)} holds a control character`;
  if (allowWrites || onlyEnables(platform, command)) return null;
  return `enable_command ${JSON.stringify(command)} is more than a way to gain privileges on ${platform.name}`;
}

/** What a session is to type. */
export interface Typed {
  commands: readonly string[];
  enable: boolean;
  /** Empty: the platform's. */
  enableCommand: string;
}

/** Throws a DeviceFailure for the first of the commands that may not be sent. */
export function admit(rules: Rules, { commands, enable, enableCommand }: Typed, allowWrites: boolean): void {
  const reasons = commands.map((command) => refusal(rules, command, allowWrites));
  if (enable && enableCommand !== '') reasons.push(enableRefusal(rules, enableCommand, allowWrites));
  const reason = reasons.find((one) => one !== null);
  if (reason) throw new DeviceFailure(Kind.NOT_ALLOWED, Stage.PLAN, reason);
}
