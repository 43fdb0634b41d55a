import { parseRetryAfter } from '../../../nodes/Pocketsflow/transport/attempt';
import {
	computeBackoffMs,
	defaultLimits,
	formatDuration,
} from '../../../nodes/Pocketsflow/transport/limits';

test('Retry-After is read in seconds or as a date, anything else is ignored', () => {
	const nowMs = Date.UTC(2026, 10, 23, 12, 0, 0);
	expect(parseRetryAfter('7', nowMs)).toBe(7_000);
	expect(parseRetryAfter(' 0 ', nowMs)).toBe(0);
	expect(parseRetryAfter(new Date(nowMs + 90_000).toUTCString(), nowMs)).toBe(90_000);
	expect(parseRetryAfter(new Date(nowMs - 90_000).toUTCString(), nowMs)).toBe(0);
	for (const header of [undefined, '', 'soon', '-1 apples', ['1']]) {
		expect(parseRetryAfter(header, nowMs)).toBeUndefined();
	}
});

test.each([
	'1e400',
	'Infinity',
	'9'.repeat(400),
	'604801',
	'-5',
	'+5',
	'-1e400',
	Infinity,
	-1,
	'Fri, 31 Dec 9999 23:59:59 GMT',
])('a Retry-After that nobody can mean is ignored: %s', (header) => {
	expect(parseRetryAfter(header, Date.UTC(2026, 10, 23))).toBeUndefined();
});

test('A request may take what docs/security.md says', () => {
	expect(defaultLimits).toMatchObject({
		totalTimeoutMs: 300_000,
		requestTimeoutMs: 30_000,
		maxResponseBytes: 67_108_864,
	});
});

test('Retry delays double, are random by half and stay within a minute', () => {
	for (const retry of [1, 2, 5, 30]) {
		const fullMs = Math.min(1_000 * 2 ** (retry - 1), 60_000);
		const delaysMs = Array.from({ length: 100 }, () => computeBackoffMs(1_000, retry));
		expect(Math.min(...delaysMs)).toBeGreaterThanOrEqual(fullMs / 2);
		expect(Math.max(...delaysMs)).toBeLessThanOrEqual(fullMs);
		expect(Math.max(...delaysMs) - Math.min(...delaysMs)).toBeGreaterThan(fullMs / 4);
	}
});

test('Durations are formatted in the fitting units, and none is shortened', () => {
	const hourMs = 3_600_000;
	const durationsMs = [
		400,
		1_000,
		1_500,
		9_960,
		30_400,
		90_000,
		120_000,
		300_000,
		300_001,
		301_000,
		2 * hourMs,
		86_400_001,
		24 * hourMs,
	];
	expect(durationsMs.map(formatDuration)).toEqual([
		'0.4 seconds',
		'1 second',
		'1.5 seconds',
		'10 seconds',
		'31 seconds',
		'90 seconds',
		'2 minutes',
		'5 minutes',
		'5 minutes 1 second',
		'5 minutes 1 second',
		'2 hours',
		'24 hours 1 minute',
		'24 hours',
	]);
});
