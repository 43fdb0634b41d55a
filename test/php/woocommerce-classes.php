<?php
/**
 * Stands for WooCommerce's classes with a namespace. Each keeps the contract of its original and nothing else.
 */

namespace Automattic\WooCommerce\Utilities {
	final class FeaturesUtil {
		public static function declare_compatibility( $feature, $file, $compatible = true ) {
			\Recorded::$compatibility[ $feature ] = array( basename( $file ), $compatible );
			return true;
		}
	}
}

namespace Automattic\WooCommerce\Blocks\Payments\Integrations {
	abstract class AbstractPaymentMethodType {
		protected $name = '';

		abstract public function initialize();

		public function get_name() {
			return $this->name;
		}
	}
}

namespace Automattic\WooCommerce\Blocks\Payments {
	/** Initializes what is registered, and asks only active payment methods for their scripts and texts. */
	final class PaymentMethodRegistry {
		public array $data = array();

		public function register( $type ) {
			$type->initialize();
			$this->data[ $type->get_name() ] = array(
				'active'  => $type->is_active(),
				'handles' => $type->is_active() ? $type->get_payment_method_script_handles() : array(),
				'data'    => $type->is_active() ? $type->get_payment_method_data() : null,
			);
		}
	}
}
