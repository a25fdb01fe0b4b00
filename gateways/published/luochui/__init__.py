"""What programs outside of this repository import: `luochui.client`."""
