import { isUnreported, readPaidOrder } from '../../demo/paid-orders';
import type { ExecutionStatus } from '../harness/n8n/client';
import { formatError, describeError } from '../harness/runMain';

const run = (
	orderId: string | undefined,
	mode = 'webhook',
	status: ExecutionStatus = 'success',
) => ({
	mode,
	status,
	items: (node: string) =>
		node === 'Pocketsflow Trigger' && orderId ? [{ metadata: { order_id: orderId } }] : [],
});

describe('The demo', () => {
	test.each([
		['the sale of an order', run('S-2041'), true],
		['a failed sale', run('S-2041', 'webhook', 'error'), true],
		['a sale of the sample order', run('SAMPLE-1'), false],
		['a run by hand', run('S-2041', 'manual'), false],
		['the visit of a buyer', run(undefined), false],
	])('counts %s as a paid order only if it is one', (_what, execution, expected) => {
		expect(isUnreported(execution)).toBe(expected);
	});

	test('reads the order ID that the buyer came with', () => {
		expect(readPaidOrder(run('S-2041'))?.orderId).toBe('S-2041');
		expect(readPaidOrder(run('SAMPLE-1'))).toBeUndefined();
	});
});

describe('What was thrown is readable', () => {
	test('in a line', () => {
		expect(describeError(new Error('Port 1 is in use.'))).toBe('Port 1 is in use.');
		expect(describeError(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))).toBe(
			'ECONNREFUSED',
		);
		expect(describeError({ status: 500 })).toBe('{ status: 500 }');
		expect(describeError('gone')).toBe('gone');
	});

	test('with stack and causes', () => {
		const text = formatError(new Error('outer', { cause: { status: 500 } }));
		expect(text).toMatch(/^Error: outer\n +at .*\nCaused by \{ status: 500 \}$/s);
	});
});
