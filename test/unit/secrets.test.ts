import { join } from 'node:path';

import { runProgram } from '../harness/programs';

const root = join(__dirname, '..', '..');

const patterns: Record<string, RegExp> = {
	'API key of Pocketsflow': /\bpk_(?:live|test)_\w{12,}/g,
	'signing secret of Pocketsflow': /\bwhsec_[\w+/=-]{12,}/g,
	'token of npm': /\bnpm_[A-Za-z0-9]{36}\b/g,
	'token of GitHub': /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{40,})/g,
	'key of Stripe': /\b[rs]k_(?:live|test)_[A-Za-z0-9]{12,}/g,
	'key of AWS': /\bAKIA[0-9A-Z]{16}\b/g,
	'token of Slack': /\bxox[abprs]-[A-Za-z0-9-]{10,}/g,
	'JSON web token': /\beyJ[\w-]{20,}\.eyJ[\w-]{20,}/g,
	'private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----/g,
};

/** Made up for tests, and recognizable as that. */
const madeUp = [
	/^(pk_(live|test)|whsec)_(\w)\3+$/,
	/^(pk_(live|test)|whsec)_(secretsecret|other_secret_\d|inactive_secret|made_by_hand)$/,
	/^pk_(live|test)_(benchmark)?(0123456789(abcdef)?)+$/,
	/^pk_(live|test)_(Qh7ZkP2wXr9Tb4Mn)+$/,
	/^pk_(live_tenantOne|test_tenantTwo)0123456789$/,
	/^pk_test_unknown(_code)?$/,
	/^pk_test_repeated_0123456789abcdef$/,
	/^whsec_(of_last_year_0123|abcdefghijklmnop|x+4a7f|0123456789abcdef)$/,
];

/** What looks like a secret in a text, by what it would be. */
const findSecrets = (text: string): string[] =>
	Object.entries(patterns).flatMap(([what, pattern]) =>
		[...text.matchAll(pattern)]
			.filter(([found]) => !madeUp.some((known) => known.test(found)))
			.map(([found]) => `${what}: ${found.slice(0, 12)}…`),
	);

it('no commit of any branch holds a secret', async () => {
	const { stdout } = await runProgram(
		'git',
		['log', '--all', '--patch', '--text', '--unified=0', '--no-color', '--format=%H%n%B'],
		{ cwd: root },
	);
	expect(stdout.length).toBeGreaterThan(100_000);
	expect(findSecrets(stdout)).toEqual([]);
}, 60_000);

it.each([
	['pk_live', '_8fJ2kLq0ZxWv5TnB'],
	['whsec', '_Yk3nPq8sT1vXz6Rw'],
	['npm', '_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6'],
	['sk_live', '_4eC39HqLyjWDarjt'],
	['-----BEGIN', ' RSA PRIVATE KEY-----'],
])('a secret that begins with %s is found', (start, rest) => {
	expect(findSecrets(`const key = '${start}${rest}';`)).toHaveLength(1);
});
