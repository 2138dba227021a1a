// Many items through work that takes different times, given back in the order they came: a few are under way at once,
// and what is done leaves as soon as all before it have, also while the source is silent.

/** At most `ahead` items are under way. What `work` rejects with ends it, once all before that are given. */
export async function* inOrder<Item, Done>(
  source: AsyncIterable<Item>,
  ahead: number,
  work: (item: Item) => Promise<Done>,
): AsyncGenerator<Done> {
  const items = source[Symbol.asyncIterator]();
  const under: Promise<Done>[] = [];
  let reading: Promise<IteratorResult<Item>> | null = null;
  let ended = false;
  try {
    while (!ended || under.length > 0) {
      if (!ended && under.length < ahead) reading ??= items.next();
      const first = under[0];
      const [read, done] = await sooner(reading, first);
      if (read !== null) {
        reading = null;
        if (read.done) ended = true;
        else {
          const done = work(read.value);
          done.catch(() => {}); // it is looked at in its turn, or not at all where nobody wants the rest
          under.push(done);
        }
      } else {
        under.shift();
        yield done;
      }
    }
  } finally {
    // A source that is being read would answer only after its next item.
    if (reading === null) await items.return?.();
  }
}

type Sooner<Item, Done> = [IteratorResult<Item>, null] | [null, Done];

function sooner<Item, Done>(
  reading: Promise<IteratorResult<Item>> | null,
  first: Promise<Done> | undefined,
): Promise<Sooner<Item, Done>> {
  const contenders: Promise<Sooner<Item, Done>>[] = [];
  if (first !== undefined) contenders.push(first.then((done) => [null, done]));
  if (reading !== null) contenders.push(reading.then((read) => [read, null]));
  return Promise.race(contenders);
}
