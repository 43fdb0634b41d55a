import { readMetadata } from '../../../nodes/Pocketsflow/events/metadata';
import { readTestMode } from '../../../nodes/Pocketsflow/events/mode';

const at = (place: string) => ({ place });

describe('metadata', () => {
	it.each([
		[{ metadata: at('top'), order: { metadata: at('order') } }, 'top'],
		[{ order: { metadata: at('order') }, subscription_details: { metadata: at('sub') } }, 'order'],
		[{ subscription_details: { metadata: at('sub') } }, 'sub'],
		[{ metadata: {}, order: { metadata: at('order') } }, 'order'],
		[{ metadata: 'plain', order: { metadata: 'place=order' } }, 'order'],
	])('of %j is that of the %s', (payload, place) => {
		expect(readMetadata(payload)).toEqual({ place });
	});

	it.each([
		[{}],
		[{ order: 'o1', subscription_details: 'x' }],
		[{ order: null, subscription_details: null }],
		[{ subscription_details: { metadata: 'place=text' } }],
		[{ parent: null, lines: null }],
		[{ parent: {}, lines: {} }],
		[{ lines: { data: ['place=line', null, {}] } }],
		[{ metadata: '%3D%' }],
		[{ metadata: encodeURIComponent(encodeURIComponent(encodeURIComponent('{"a":"1"}'))) }],
		[{ metadata: JSON.stringify(JSON.stringify(JSON.stringify(JSON.stringify({ a: '1' })))) }],
		[{ metadata: '   ' }],
		[{ metadata: '""' }],
		[{ metadata: '["a"]' }],
	])('%j has no metadata', (payload) => {
		expect(readMetadata(payload)).toBeUndefined();
	});

	it('as text may have blanks and quotes around it, and line breaks in it', () => {
		expect(readMetadata({ metadata: ' "a=1\n2" ' })).toEqual({ a: '1\n2' });
		expect(readMetadata({ metadata: 'a="b"c' })).toEqual({ a: '"b"c' });
		expect(readMetadata({ metadata: '"a"b=c' })).toEqual({ '"a"b': 'c' });
		expect(readMetadata({ metadata: 'a="b"' })).toEqual({ a: '"b"' });
		expect(readMetadata({ metadata: 'a=1%26b%3D2' })).toEqual({ a: '1&b=2' });
	});

	it.each<[string, unknown]>([
		['JSON in JSON', JSON.stringify(JSON.stringify({ a: '1' }))],
		['URL-encoded text in JSON', JSON.stringify('a=1')],
		['JSON in URL encoding', encodeURIComponent(JSON.stringify({ a: '1' }))],
		['URL-encoded text in URL encoding', encodeURIComponent('a=1')],
		['URL-encoded text in quotes, in URL encoding', encodeURIComponent('"a=1"')],
		['JSON in URL encoding, twice', encodeURIComponent(encodeURIComponent('{"a":"1"}'))],
		['webhookMetadata in URL-encoded text', 'webhookMetadata=a%3D1'],
		['JSON in quotes that are not escaped', '"{"a":"1"}"'],
		['JSON twice in quotes', JSON.stringify(JSON.stringify(JSON.stringify({ a: '1' })))],
	])('that is encoded twice is read: %s', (_how, metadata) => {
		expect(readMetadata({ metadata } as never)).toEqual({ a: '1' });
		expect(readMetadata({ metadata: { webhookMetadata: metadata } } as never)).toEqual({ a: '1' });
	});

	it.each([
		[{ parent: { subscription_details: { metadata: { a: '1' } } } }],
		[
			{
				metadata: {},
				parent: { subscription_details: { metadata: { webhookMetadata: '"a=1"' } } },
			},
		],
		[{ lines: { data: [{ metadata: {} }, { metadata: { a: '1' } }] } }],
		[{ lines: { data: [{ metadata: { webhookMetadata: encodeURIComponent('a=1') } }] } }],
		[{ metadata: {}, subscription_details: { metadata: { a: '1' } } }],
	])(
		'metadata of a raw invoice is read from the place that the payment provider uses: %j',
		(payload) => {
			expect(readMetadata(payload)).toEqual({ a: '1' });
		},
	);

	it('that is folded into text under webhookMetadata is unfolded', () => {
		expect(readMetadata({ metadata: { a: '1', webhookMetadata: 'b=2' } })).toEqual({
			a: '1',
			b: '2',
		});
		const plain = { a: '1', webhookMetadata: 'plain' };
		expect(readMetadata({ metadata: plain })).toEqual(plain);
	});
});

describe('test data', () => {
	it.each([
		[{ testMode: true, livemode: true }, true],
		[{ testMode: false, livemode: false }, false],
		[{ livemode: true }, false],
		[{ livemode: false, order: { testMode: false } }, true],
		[{ order: { livemode: false } }, true],
		[{ order: { order: { testMode: true } } }, undefined],
		[{ testMode: 'false', livemode: false }, false],
		[{ livemode: 0 }, true],
		[{ testMode: 'no', livemode: 2, order: 'o1' }, undefined],
	])('is said by %j: %p', (payload, expected) => {
		expect(readTestMode(payload)).toBe(expected);
	});
});
