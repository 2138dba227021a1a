// Why a task has no result. Each is for its own task alone: the others go on.

/** It ran longer than it may, and its thread was ended. */
export class TookTooLong extends Error {
  constructor(readonly limitMs: number) {
    super(`took longer than ${limitMs} ms`);
    this.name = 'TookTooLong';
  }
}

/** It needed more memory than its thread has, and the thread ended. */
export class OutOfMemory extends Error {
  constructor(readonly limitMb: number) {
    super(`needed more than ${limitMb} MB of memory`);
    this.name = 'OutOfMemory';
  }
}

/** Its thread ended under it, or no thread lived long enough to begin it. */
export class ThreadDied extends Error {
  constructor(how: string) {
    super(`its thread ${how}`);
    this.name = 'ThreadDied';
  }
}

/** What runs in the thread threw: a bug of ours, since what users write makes values, not exceptions. */
export class TaskThrew extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'TaskThrew';
  }
}

/** More tasks wait than may. */
export class QueueFull extends Error {
  constructor(most: number) {
    super(`more than ${most} tasks wait for a thread`);
    this.name = 'QueueFull';
  }
}

/** The threads were closed before it had a result. */
export class ThreadsClosed extends Error {
  constructor() {
    super('the threads were closed');
    this.name = 'ThreadsClosed';
  }
}
