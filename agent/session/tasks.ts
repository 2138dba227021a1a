// What a session's task asks of the device: the rules that it goes by, and what is to be done once we are in.
import { Kind, Purpose, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { AUTO } from '../../proto/platform.js';
import { DeviceFailure } from '../failure.js';
import { type Rules, rulesOf as rulesOfPlatform } from '../line/platform.js';
import { admit } from './gate.js';
import type { SessionTask } from './seam.js';
import type { WalkTask } from './walk.js';

/** The platform's rules, once every command has passed the gate; no device is touched before. Throws a DeviceFailure. */
export function rulesOf({ device, options }: SessionTask): Rules {
  // What is yet to be found out begins as a device of any kind.
  const rules = rulesOfPlatform(device.platform === AUTO ? 'generic' : device.platform, options.platforms);
  if (!rules)
    throw new DeviceFailure(Kind.NOT_ALLOWED, Stage.PLAN, `this agent knows no platform ${device.platform}`);
  if (options.purpose === Purpose.COMMANDS && device.platform !== AUTO)
    admit(rules, device, options.allowWrites);
  return rules;
}

export function walkTask({ device, options, credential, limits }: SessionTask, rules: Rules): WalkTask {
  return {
    platform: device.platform,
    commands: device.commands,
    foundCommands: device.foundCommands,
    enable: device.enable,
    enableCommand: device.enableCommand,
    rules,
    limits,
    username: credential?.username ?? '',
    allowWrites: options.allowWrites,
    outputLimit: options.outputLimit,
    platforms: options.platforms,
  };
}
