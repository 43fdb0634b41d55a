import type { Resource } from '../operation';
import { accountResource } from './account';
import { checkoutSessionResource } from './checkoutSession';
import { customerResource } from './customer';
import { discountResource } from './discount';
import { orderResource } from './order';
import { paymentResource } from './payment';
import { productResource } from './product';
import { productVariantResource } from './productVariant';
import { refundResource } from './refund';
import { reviewResource } from './review';
import { subscriptionResource } from './subscription';
import { subscriptionOfferResource } from './subscriptionOffer';
import { upsellResource } from './upsell';
import { webhookResource } from './webhook';

/** Every resource of the action node, in the order in which the panel shows them. */
export const resources: readonly Resource[] = [
	accountResource,
	checkoutSessionResource,
	customerResource,
	discountResource,
	orderResource,
	paymentResource,
	productResource,
	productVariantResource,
	refundResource,
	reviewResource,
	subscriptionResource,
	subscriptionOfferResource,
	upsellResource,
	webhookResource,
];
