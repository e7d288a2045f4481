// Two JavaScript parsers, asked by URL, one answer a line: {"parser": NAME, "url": URL} in, entries out.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const require = createRequire(process.env.NODE_HOME + '/');
const { parseFeed } = require('@rowanmanning/feed-parser');
const RssParser = require('rss-parser');
const rssParser = new RssParser({ customFields: { item: ['id', ['content:encoded', 'encoded']] } });

const READERS = {
  'feed-parser': text => parseFeed(text).items.map(item => ({
    id: item.id, title: item.title, link: item.url, author: item.authors[0]?.name ?? '',
    published: (item.published ?? item.updated)?.getTime() / 1000,
    enclosures: item.media.map(one => one.url), text: item.content ?? item.description ?? '',
  })),
  'rss-parser': async text => (await rssParser.parseString(text)).items.map(item => ({
    id: item.guid ?? item.id, title: item.title, link: item.link, author: item.creator ?? item.author ?? '',
    published: Date.parse(item.isoDate) / 1000,
    enclosures: item.enclosure ? [item.enclosure.url] : [], text: item.encoded ?? item.content ?? '',
  })),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { parser, url } = JSON.parse(line);
  const answer = await fetch(url);
  console.log(JSON.stringify(answer.ok ? await READERS[parser](await answer.text()) : []));
}
