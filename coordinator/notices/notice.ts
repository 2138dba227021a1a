// What is told to those who did not watch: of an audit, a run, a backup, or of schedules. The keys of each and their order
// are part of the outside contract.
import { type AuditNotice, auditLines, isAuditDue } from './audit.js';
import type { Occasion } from './occasion.js';
import { isScheduleDue, type ScheduleNotice, scheduleLines } from './schedule.js';
import { type BackupNotice, isSweepDue, type RunNotice, sweepLines } from './sweep.js';

export type Notice = AuditNotice | RunNotice | BackupNotice | ScheduleNotice;

export function isDue(notice: Notice, occasion: Occasion): boolean {
  switch (notice.kind) {
    case 'audit':
      return isAuditDue(notice, occasion);
    case 'run':
    case 'backup':
      return isSweepDue(notice, occasion);
    case 'schedule':
      return isScheduleDue(notice);
    default:
      notice satisfies never;
      return true;
  }
}

/** For people. */
export function noticeText(notice: Notice): string {
  return [notice.subject, '', ...linesOf(notice), ''].join('\n');
}

function linesOf(notice: Notice): string[] {
  switch (notice.kind) {
    case 'audit':
      return auditLines(notice);
    case 'run':
    case 'backup':
      return sweepLines(notice);
    case 'schedule':
      return scheduleLines(notice);
    default:
      notice satisfies never;
      return [];
  }
}
