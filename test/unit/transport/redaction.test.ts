import fc from 'fast-check';

import { redactKeys } from '../../../nodes/Pocketsflow/transport/redaction';

const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+/=&<"\'%!';
/** Secrets as random as real ones: long enough not to be found by chance. */
const secrets = fc
	.array(fc.constantFrom(...characters), { minLength: 24, maxLength: 60 })
	.map((parts) => parts.join(''))
	.filter((secret) => new Set(secret).size > 10);

const keys = fc.tuple(fc.constantFrom('live', 'test'), secrets);

const swapCase = (text: string) =>
	[...text]
		.map((letter) =>
			letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
		)
		.join('');

const htmlEntities: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

/** How an answer can echo what it was sent. */
const echoes: Record<string, (key: string) => string> = {
	'as it is': (key) => key,
	'in upper case': (key) => key.toUpperCase(),
	'in lower case': (key) => key.toLowerCase(),
	'with its case reversed': swapCase,
	'encoded for a URL': encodeURIComponent,
	'escaped in JSON': (key) => JSON.stringify(key).slice(1, -1),
	'escaped in HTML': (key) => key.replace(/[&<>"']/g, (character) => htmlEntities[character]),
};

/** Whether a text still holds eight characters in a row of what was echoed of the secret. */
function holdsPart(text: string, echo: string, length = 8): boolean {
	for (let start = 0; start + length <= echo.length; start++)
		if (text.includes(echo.slice(start, start + length))) return true;
	return false;
}

test.each(Object.entries(echoes))('A key that is echoed %s is not shown', (_, echo) => {
	fc.assert(
		fc.property(keys, ([mode, secret]) => {
			const key = `pk_${mode}_${secret}`;
			const redacted = redactKeys(`The header was "${echo(key)}" and is wrong`, key);
			expect(redacted).toContain('[API key]');
			expect(holdsPart(redacted, echo(secret))).toBe(false);
			expect(redacted).toMatch(/^The header was "/);
			expect(redacted).toMatch(/" and is wrong$/);
		}),
	);
});

test('A key is not shown whose end was cut off', () => {
	fc.assert(
		fc.property(
			fc.constantFrom('live', 'test'),
			fc.stringMatching(/^[A-Za-z0-9]{24}$/),
			fc.integer({ min: 8, max: 23 }),
			(mode, secret, length) => {
				const redacted = redactKeys(
					`Key pk_${mode}_${secret.slice(0, length)}… is unknown`,
					`pk_${mode}_${secret}`,
				);
				expect(redacted).toBe('Key [API key]… is unknown');
			},
		),
	);
});

test.each([
	['A key begins with pk_live_ or pk_test_', 'A key begins with pk_live_ or pk_test_'],
	['Unknown key pk_live_other0123', 'Unknown key [API key]'],
	[
		'Order 6b2000000000000000000b01 of Ä\u0130 — ünknown',
		'Order 6b2000000000000000000b01 of Ä\u0130 — ünknown',
	],
	['ÄÖ\u0130: Qh7ZkP2wXr9Tb4Mn', 'ÄÖ\u0130: [API key]'],
	['', ''],
])('Of "%s" is shown "%s"', (text, shown) => {
	expect(redactKeys(text, 'pk_test_Qh7ZkP2wXr9Tb4Mn')).toBe(shown);
});

test('A very short key is replaced as a whole only', () => {
	expect(redactKeys('a pk_live_a, Authorization: Bearer PK_LIVE_A', 'pk_live_a')).toBe(
		'a [API key], Authorization: Bearer [API key]',
	);
});
