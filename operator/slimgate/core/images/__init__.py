"""What is known of images: references, documents, facts, and how they are kept."""
