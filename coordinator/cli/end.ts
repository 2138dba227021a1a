// What an error that ended a command means: the message for people and the exit code.

import { CommanderError } from 'commander';
import { PlatformError } from '../../proto/platform.js';
import { GitError } from '../backup/git.js';
import { InputError } from '../inventory/inventory.js';
import { Unreachable } from '../unreachable.js';
import { Ended, EXIT, type ExitCode, exitOfCall, UsageError } from './exit.js';
import { meantOption } from './habits.js';
import { CannotWrite, OutputClosed } from './sink.js';
import { harmless } from './terminal.js';

export interface End {
  code: ExitCode;
  /** For stderr; empty: nothing to say. */
  message: string;
}

export function endOf(error: unknown, stop: AbortSignal): End {
  if (error instanceof CommanderError) return usage(error);
  if (error instanceof OutputClosed) return { code: EXIT.interrupted, message: '' };
  if (error instanceof CannotWrite) return { code: EXIT.failures, message: prefixed(error.message) };
  if (error instanceof GitError) return { code: EXIT.failures, message: prefixed(error.message) };
  if (error instanceof Ended) return { code: error.code, message: prefixed(error.message) };
  if (error instanceof InputError) return { code: EXIT.usage, message: harmless(error.message) };
  if (error instanceof PlatformError) return { code: EXIT.usage, message: harmless(error.message) };
  if (error instanceof UsageError) return { code: EXIT.usage, message: prefixed(error.message) };
  if (stop.aborted) return { code: EXIT.interrupted, message: '' };
  if (error instanceof Unreachable) return { code: EXIT.unreachable, message: prefixed(error.message) };
  const call = failedCall(error);
  const code = call === null ? null : exitOfCall(call.code);
  if (call !== null && code !== null) return { code, message: prefixed(call.details) };
  return { code: EXIT.bug, message: bug(error) };
}

/** Help and version were printed by commander; a mistake becomes one line. */
function usage({ code, exitCode, message }: CommanderError): End {
  if (exitCode === 0) return { code: EXIT.ok, message: '' };
  if (code === 'commander.help') return { code: EXIT.usage, message: '' };
  const [first = '', hint = ''] = message.trim().split('\n');
  const guess =
    hint === ''
      ? nextStep(code, first)
      : ` (did you mean ${hint.replace(/^\(Did you mean (one of )?|\?\)$/g, '')}?)`;
  return { code: EXIT.usage, message: prefixed(first.replace(/^error: /, '') + guess) };
}

/** What commander does not know: a command that is typed without `run`, or what a value looks like. */
function nextStep(code: string, message: string): string {
  const [, word = ''] = /^error: unknown command '(.*)'$/.exec(message) ?? [];
  if (/^(show|sh|display|get|ping|traceroute|uname|dir)\b/.test(word))
    return ` (did you mean netsweep run "${word}"?)`;
  const [, flag = ''] = /^error: unknown option '(.*)'$/.exec(message) ?? [];
  const meant = meantOption(flag);
  if (meant !== null) return ` (here it is ${meant})`;
  if (code === 'commander.unknownOption' || code === 'commander.missingArgument')
    return ' (--help shows all)';
  if (code === 'commander.unknownCommand') return ' (netsweep --help shows them)';
  if (code === 'commander.optionMissingArgument') return ' (expected a value behind it; --help shows which)';
  return '';
}

function prefixed(message: string): string {
  return message === '' ? '' : `netsweep: ${harmless(message)}`;
}

function failedCall(error: unknown): { code: number; details: string } | null {
  if (!(error instanceof Error) || !('code' in error) || !('details' in error)) return null;
  return typeof error.code === 'number' ? { code: error.code, details: String(error.details) } : null;
}

function bug(error: unknown): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `netsweep: this is a bug, please report it\n${harmless(trace)}`;
}
