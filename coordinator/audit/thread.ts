// A judging thread: users wrote the patterns and expressions, so they run where they can be stopped.
import { serveTasks } from '../limited/serving.js';
import type { BookPages } from './book.js';
import { type Judged, type Judging, type JudgingTask, judgeTask } from './judging.js';
import { rowsBy } from './rows.js';

let open: (Judging & { id: string }) | null = null;

serveTasks<JudgingTask, Judged>((task) => {
  const { id, bytes } = task.book;
  if (open?.id !== id) {
    // A copy, because text is not decoded from shared memory.
    const json = Buffer.from(new Uint8Array(bytes).slice()).toString('utf8');
    const pages = JSON.parse(json) as BookPages;
    open = { id, pages, rowsOf: rowsBy(pages.templates), stops: new Map() }; // written by the audit that asks
  }
  return judgeTask(task, open);
});
