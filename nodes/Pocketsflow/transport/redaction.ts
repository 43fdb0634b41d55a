/** What stands in a text where a key stood. */
const placeholder = '[API key]';

/** Fewer characters of a key than this are no secret any more, and would be found in other words. */
const fragmentLength = 8;

const prefixPattern = /^pk_(live|test)_/;

/** Any Pocketsflow key, also one that is not ours. */
const keyPattern = /\bpk_(live|test)_\w+/gi;

/** What a key can be part of without a blank: a quoted word, an encoded header, a path. */
const wordCharacter = /[\w+/=%-]/;

const htmlEntities: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

/**
 * Replaces every Pocketsflow key in a text from outside, such as a page that echoes the headers it was
 * sent. The key of the credential is found in any case, as a part of eight characters or more, and encoded
 * for a URL, JSON or HTML, in Base64 or as hexadecimal digits.
 */
export function redactKeys(text: string, apiKey: string): string {
	return replaceMarked(text, markFragments(text, apiKey)).replaceAll(keyPattern, placeholder);
}

/** Marks the characters of a text that belong to some form of the key. */
function markFragments(text: string, apiKey: string): boolean[] {
	const lowerCase = toSameLengthLowerCase(text);
	const marks = new Array<boolean>(text.length).fill(false);
	for (const { fragments, length } of getForms(apiKey))
		for (let start = 0; start + length <= lowerCase.length; start++)
			if (fragments.has(lowerCase.slice(start, start + length)))
				marks.fill(true, start, start + length);
	return marks;
}

/** Lower case for ASCII only: other letters may become longer, and positions would no longer match. */
const toSameLengthLowerCase = (text: string) =>
	text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

interface KeyForm {
	fragments: Set<string>;
	/** The length of each fragment. */
	length: number;
}

let latestForms: { apiKey: string; forms: KeyForm[] } | undefined;

function getForms(apiKey: string): KeyForm[] {
	if (latestForms?.apiKey !== apiKey) latestForms = { apiKey, forms: buildForms(apiKey) };
	return latestForms.forms;
}

function buildForms(apiKey: string): KeyForm[] {
	const secret = apiKey.replace(prefixPattern, '');
	// A part of so short a key is no more than a word.
	if (secret.length < fragmentLength) return [apiKey, ...encodeKey(apiKey)].flatMap(toWhole);
	return [
		...[secret, ...escapeKey(secret)].map((form) => toFragments(form, fragmentLength)),
		...encodeInBase64(apiKey).map((form) => toFragments(form, fragmentLength)),
		toFragments(encodeInHex(secret), 2 * fragmentLength),
	];
}

const encodeKey = (key: string) => [...escapeKey(key), ...encodeInBase64(key), encodeInHex(key)];

const escapeKey = (key: string) => [
	encodeURIComponent(key),
	JSON.stringify(key).slice(1, -1),
	key.replace(/[&<>"']/g, (character) => htmlEntities[character]),
];

const encodeInHex = (key: string) => Buffer.from(key).toString('hex');

/**
 * The key in Base64, of both alphabets, at each of the three places where it can begin in a longer text.
 * Characters that also hold bits of what stands around it are left out.
 */
function encodeInBase64(key: string): string[] {
	return [0, 1, 2].flatMap((offset) => {
		const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(key)]);
		const begin = Math.ceil((offset * 8) / 6);
		const end = Math.floor((bytes.length * 8) / 6);
		return (['base64', 'base64url'] as const).map((alphabet) =>
			bytes.toString(alphabet).slice(begin, end),
		);
	});
}

const toWhole = (form: string): KeyForm[] =>
	form === '' ? [] : [{ fragments: new Set([form.toLowerCase()]), length: form.length }];

function toFragments(form: string, length: number): KeyForm {
	const fragments = new Set<string>();
	const lowerCase = form.toLowerCase();
	for (let start = 0; start + length <= lowerCase.length; start++)
		fragments.add(lowerCase.slice(start, start + length));
	return { fragments, length };
}

/** Replaces each marked run, and the rest of the word that it stands in. */
function replaceMarked(text: string, marks: readonly boolean[]): string {
	let redacted = '';
	let position = 0;
	for (let start = marks.indexOf(true); start !== -1; start = marks.indexOf(true, position)) {
		let begin = start;
		while (begin > position && wordCharacter.test(text[begin - 1])) begin--;
		let end = start;
		while (end < text.length && (marks[end] || wordCharacter.test(text[end]))) end++;
		redacted += text.slice(position, begin) + placeholder;
		position = end;
	}
	return redacted + text.slice(position);
}
