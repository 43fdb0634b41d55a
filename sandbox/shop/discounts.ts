import type { Database } from '../database/database';
import type { Discount } from '../database/entities';
import { type ApiError, badRequest, notFound } from '../http/errors';
import { roundToCents } from '../money';

const isExpired = ({ expiration }: Discount) =>
	expiration !== undefined && expiration !== '' && Date.parse(expiration) < Date.now();

/** The discount if it is valid for a product now, or what is wrong with it. */
export function findDiscount(
	db: Database,
	code: string,
	productId: string | undefined,
): { discount?: Discount; problem?: ApiError } {
	const { rows } = db.discounts.query({ where: (row) => row.code === code });
	if (rows.length === 0) return { problem: notFound('Discount code') };
	const discount = rows.find((row) => row.active && !isExpired(row));
	if (!discount) return { problem: badRequest('Discount code is inactive or expired') };
	if (productId && !discount.mainProductIds.includes(productId)) {
		return { problem: badRequest('Discount code does not apply to this productId') };
	}
	return { discount };
}

/** A price after a discount, never below 0; both in major units. */
export function applyDiscount(price: number, discount: Discount | undefined): number {
	if (!discount) return price;
	const { value, valueType } = discount;
	const reduction = valueType === 'percentage' ? (price * value) / 100 : value;
	return Math.max(0, roundToCents(price - reduction));
}

/** A price after the discount behind a code, whose use is counted; an invalid code is ignored. */
export function redeemDiscount(
	db: Database,
	code: string | undefined,
	item: { _id: string; price: number },
): number {
	const { discount } = code ? findDiscount(db, code, item._id) : {};
	if (discount) discount.used += 1;
	return applyDiscount(item.price, discount);
}
