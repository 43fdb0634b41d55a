import type { Resource } from '../operation';
import { account } from './account';
import { checkoutSession } from './checkoutSession';
import { customer } from './customer';
import { discount } from './discount';
import { order } from './order';
import { payment } from './payment';
import { product } from './product';
import { productVariant } from './productVariant';
import { refund } from './refund';
import { review } from './review';
import { subscription } from './subscription';
import { subscriptionOffer } from './subscriptionOffer';
import { upsell } from './upsell';
import { webhook } from './webhook';

/** Every resource of the action node, in the order of the panel. */
export const resources: readonly Resource[] = [
	account,
	checkoutSession,
	customer,
	discount,
	order,
	payment,
	product,
	productVariant,
	refund,
	review,
	subscription,
	subscriptionOffer,
	upsell,
	webhook,
];
