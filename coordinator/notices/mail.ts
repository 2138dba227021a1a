// A notice by mail: over TLS unless somebody has said otherwise, with its JSON attached to the text.
import { readFile } from 'node:fs/promises';
import { createTransport } from 'nodemailer';
import type { Destination } from './destination.js';

const WAIT_MS = 20_000;

export async function sendMail(
  { to, from, server, username, tls, ca }: Destination & { kind: 'mail' },
  secret: Buffer | null,
  { subject, text, json }: { subject: string; text: string; json: string },
): Promise<void> {
  const { protocol, hostname, port } = new URL(server);
  const isImplicit = protocol === 'smtps:';
  const transport = createTransport({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isImplicit ? 465 : 587) : Number(port),
    secure: isImplicit,
    requireTLS: tls && !isImplicit,
    ignoreTLS: !tls,
    ...(ca === null ? {} : { tls: { ca: await readFile(ca) } }),
    ...(username === null ? {} : { auth: { user: username, pass: secret?.toString() ?? '' } }),
    ...{ connectionTimeout: WAIT_MS, greetingTimeout: WAIT_MS, socketTimeout: WAIT_MS },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  try {
    await transport.sendMail({
      ...{ from, to, subject: `netsweep: ${subject}`, text },
      attachments: [{ filename: 'notice.json', content: json, contentType: 'application/json' }],
    });
  } finally {
    transport.close();
  }
}
