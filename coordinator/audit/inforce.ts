// What of a configuration is in force, line by line, all lines keeping their numbers. The text of a banner is none of
// it, however much it looks like one: it goes below the banner's own line, as the lines of its block. What Junos shows
// as deactivated is none of it either, and becomes empty. Blanks at the end of a line are the device's, and go.

/** As many lines as were given. */
export function inForce(lines: readonly string[]): string[] {
  const bare = lines.map((line) => line.trimEnd());
  indentBanners(bare);
  hideDeactivated(bare);
  return bare;
}

/** `banner login ^C`, `banner motd #` until the mark comes again, and without a mark until a line `EOF`. */
const BANNER = /^banner [\w-]+(?: +(\^.|[^\w\s])(.*))?$/;

function indentBanners(lines: string[]): void {
  for (let place = 0; place < lines.length; place++) {
    const [found, mark, rest = ''] = BANNER.exec(lines[place] ?? '') ?? [];
    if (found === undefined || (mark !== undefined && rest.includes(mark))) continue;
    const end = lines.findIndex(
      (line, at) => at > place && (mark === undefined ? line === 'EOF' : line.includes(mark)),
    );
    for (let at = place + 1; at <= end; at++) lines[at] = `\t${lines[at]}`;
  }
}

/** `deactivate system services ssh` takes away every `set system services ssh ...`. */
function hideDeactivated(lines: string[]): void {
  const gone = lines.filter((line) => line.startsWith('deactivate ')).map((line) => `set ${line.slice(11)}`);
  if (gone.length === 0) return;
  const exactly = new Set(gone);
  for (const [place, line] of lines.entries()) {
    if (!line.startsWith('set ')) continue;
    for (let end = line.length; end > 3; end = line.lastIndexOf(' ', end - 1))
      if (exactly.has(line.slice(0, end))) {
        lines[place] = '';
        break;
      }
  }
}
