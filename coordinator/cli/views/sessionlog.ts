// Transcripts of sessions: as files, DIR/DEVICE.yaml, each written whole or not at all and of a form that can be
// played again as a test; or on stderr. A device that no session was held with gets a file that says so, so that
// nobody takes an older one for today's.
import type { Report } from '../../../proto/gen/netsweep/v1/model.js';
import { label } from '../../../proto/label.js';
import type { ReadOutput } from '../../combine/result.js';
import type { Progress } from '../progress.js';
import { treeName, writeWhole } from './tree.js';
import type { View } from './view.js';

export function sessionLogView(directory: string, read: ReadOutput): View {
  return {
    bodies: false,
    async report(report) {
      const { device, transcript } = report;
      const pieces = transcript === undefined ? nothingHeld(report) : read(transcript);
      await writeWhole(directory, `${treeName(device?.name ?? '')}.yaml`, pieces);
    },
  };
}

/** Each session under a line with its device's name. */
export function transcriptView(progress: Progress, read: ReadOutput): View {
  return {
    bodies: false,
    async report({ device, transcript }) {
      if (transcript === undefined) return;
      progress.say(`--- ${device?.name}: session`);
      let rest = '';
      for await (const piece of read(transcript)) {
        const lines = (rest + piece).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) progress.say(line);
      }
      if (rest !== '') progress.say(rest);
    },
  };
}

async function* nothingHeld({ device, status, failure }: Report): AsyncGenerator<string> {
  const words = JSON.stringify(failure?.message ?? '');
  yield `# ${label('STATUS', status)}; no session was held ${words}\n`;
  yield `platform: ${JSON.stringify(device?.platform ?? '')}\n`;
  yield `commands: ${JSON.stringify(device?.commands ?? [])}\nsession: []\noutputs: []\n`;
  const ended = failure && { kind: label('KIND', failure.kind), stage: label('STAGE', failure.stage) };
  yield `failure: ${JSON.stringify(ended ?? null)}\n`;
}
