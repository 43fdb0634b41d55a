import { matchesProductFilter } from '../../../nodes/Pocketsflow/events/productFilter';

describe('the product filter', () => {
	it.each([
		[{ product: { id: 'p1' } }, true],
		[{ product: { _id: 'p1' } }, true],
		[{ product: 'p1' }, true],
		[{ productId: 'p1' }, true],
		[{ subscription: { id: 'p1' } }, true],
		[{ subscription: 'p1' }, true],
		[{ product: 'other', subscription: { id: 'p1' } }, true],
		[{ product: 7 }, true],
		[{ product: { id: 'other' } }, false],
		[{ productId: 'other' }, false],
		[{ product: 8 }, false],
		[{ subscription: 'not_sub_1' }, false],
	])('says of %j whether it is about one of the products: %j', (payload, expected) => {
		expect(matchesProductFilter(payload, ['p1', '7'])).toBe(expected);
		expect(matchesProductFilter(payload, [])).toBe(true);
	});

	it.each([
		[{}],
		[{ product: null, productId: true }],
		[{ product: {} }],
		[{ subscription: 'sub_1' }],
		[{ subscription: { id: 'sub_1' } }],
		[{ parent: { subscription_details: { subscription: 'sub_1' } } }],
	])('keeps what names no product: %j', (payload) => {
		expect(matchesProductFilter(payload, ['p1'])).toBe(true);
	});
});
