import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { load } from 'js-yaml';

type Row = [find: string, write: string, example: string];

/** Whole words; not a part of a name, a path or an address. */
function toPattern(find: string): RegExp {
	const flags = find.startsWith('^') ? 'g' : 'gi';
	const words = find.replace(/^\^/, '').replace(/\[[^\]]*\]| /g, (found) =>
		// A space, but not one in a class of characters.
		found === ' ' ? '(?: |\\n\\s*)' : found,
	);
	return new RegExp(`(?<![-\\w./@$])(?:${words})(?![-\\w@]|[./]\\w)`, flags);
}

export const replacements = (
	load(readFileSync(join(__dirname, 'replacements.yaml'), 'utf8')) as Row[]
).map(([find, write, example]) => ({ find, pattern: toPattern(find), write, example }));

export const findMistakes = (text: string, { pattern, write }: (typeof replacements)[number]) =>
	[...text.matchAll(pattern)]
		.map(({ index, 0: found }) => ({ index, found, instead: found.replace(pattern, write) }))
		.filter(({ found, instead }) => found !== instead)
		.map(({ index, found, instead }) => ({
			index,
			message: `“${found.replace(/\s+/g, ' ')}”: write “${instead}”`,
		}));
